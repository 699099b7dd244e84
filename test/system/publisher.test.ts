import { connectAsync } from 'mqtt';
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
    deliver: async (topic, payload) => {
      const { certificate, privateKey } = await mosquitto.authority.issueClient('other');
      const other = await connectAsync({
        ...{ protocol: 'mqtts', host: '127.0.0.1', port: mosquitto.port, protocolVersion: 5 },
        ...{ ca: mosquitto.authority.certificate, cert: certificate, key: privateKey, reconnectPeriod: 0 },
      });
      await other.publishAsync(topic, payload, { qos: 1 });
      await other.endAsync();
    },
    dispose: () => mosquitto.dispose(),
  };
});
