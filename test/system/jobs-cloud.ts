import { JobsService } from '../remote/jobs-service.ts';
import { ShadowService } from '../remote/shadow-service.ts';
import { connectMqtt, type MqttClientParts } from './mqtt-client.ts';

export type JobsCloud = {
  readonly service: JobsService;
  readonly shadow: ShadowService;
  /** Sequence numbers of the readings that have arrived, in the order of their arrival. */
  readonly seqs: number[];
  /** Connects again whenever the broker is back. */
  close(): Promise<void>;
};

export type JobsCloudParts = MqttClientParts & { readonly station: string };

/** The other side of the broker: takes the readings of one station, and has jobs and a shadow for it. */
export const startJobsCloud = async (parts: JobsCloudParts): Promise<JobsCloud> => {
  const { station } = parts;
  const client = await connectMqtt(parts, { clientId: 'cloud', reconnectPeriod: 50 });
  const seqs: number[] = [];
  const send = (topic: string, payload: string): void => {
    if (client.connected) client.publish(topic, payload, { qos: 1 });
  };
  const service = new JobsService(station, send);
  const shadow = new ShadowService(station, send);
  client.on('message', (topic, content) => {
    const payload = content.toString();
    if (topic === `weather/${station}/reading`) seqs.push(JSON.parse(payload).seq);
    else if (topic === `weather/${station}/backlog`)
      seqs.push(...JSON.parse(payload).readings.map(({ seq }: { seq: number }) => seq));
    else {
      service.receive(topic, payload);
      shadow.receive(topic, payload);
    }
  });
  // mqtt.js subscribes again by itself on each connection.
  await client.subscribeAsync(['weather/#', `${service.jobsTopic}/#`, `${shadow.topic}/#`], { qos: 1 });
  return { service, shadow, seqs, close: () => client.endAsync(true) };
};
