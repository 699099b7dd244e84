import { connectAsync, type MqttClient } from 'mqtt';
import type { Identity } from '../../src/certificate/certificate-authority.ts';
import { JobsService } from '../remote/jobs-service.ts';

export type JobsCloud = {
  readonly service: JobsService;
  /** Sequence numbers of the readings that have arrived, in the order of their arrival. */
  readonly seqs: number[];
  /** Connects again whenever the broker is back. */
  close(): Promise<void>;
};

export type JobsCloudParts = {
  readonly port: number;
  readonly rootCa: string;
  readonly identity: Identity;
  readonly station: string;
};

/** The other side of the broker: takes the readings of one station and has jobs for it. */
export const startJobsCloud = async (parts: JobsCloudParts): Promise<JobsCloud> => {
  const { port, rootCa, identity, station } = parts;
  const client: MqttClient = await connectAsync({
    ...{ protocol: 'mqtts', host: '127.0.0.1', port, protocolVersion: 5, clientId: 'cloud' },
    ...{ ca: rootCa, cert: identity.certificate, key: identity.privateKey, reconnectPeriod: 50 },
  });
  const seqs: number[] = [];
  const service = new JobsService(station, (topic, payload) => {
    if (client.connected) client.publish(topic, payload, { qos: 1 });
  });
  client.on('error', () => undefined);
  client.on('message', (topic, content) => {
    const payload = content.toString();
    if (topic === `weather/${station}/reading`) seqs.push(JSON.parse(payload).seq);
    else if (topic === `weather/${station}/backlog`)
      seqs.push(...JSON.parse(payload).readings.map(({ seq }: { seq: number }) => seq));
    else service.receive(topic, payload);
  });
  // mqtt.js subscribes again by itself on each connection.
  await client.subscribeAsync(['weather/#', `${service.jobsTopic}/#`], { qos: 1 });
  return { service, seqs, close: () => client.endAsync(true) };
};
