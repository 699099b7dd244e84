import { awsConnect } from '../../src/mqtt/aws-connection.ts';
import { ReconnectingPublisher } from '../../src/mqtt/reconnecting-publisher.ts';
import { systemClock } from '../../src/time/clock.ts';
import { publisherContract } from '../contract/publisher.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { createMosquitto } from './mosquitto.ts';

publisherContract('the AWS SDK against mosquitto', async () => {
  const mosquitto = await createMosquitto();
  const device = await mosquitto.authority.issueClient('1');
  await mosquitto.start();
  return {
    publisher: new ReconnectingPublisher({
      connect: awsConnect({
        endpoint: 'localhost',
        port: mosquitto.port,
        clientId: '1',
        ...device,
        rootCa: mosquitto.authority.certificate,
        will: { topic: 'w/1/status', payload: '{"deviceid":"1","state":"offline"}' },
      }),
      clock: systemClock,
      log: createRecordingLog(),
    }),
    breakNetwork: () => mosquitto.stop('SIGKILL'),
    restoreNetwork: () => mosquitto.start(),
    dispose: () => mosquitto.dispose(),
  };
});
