import type { MqttClient } from 'mqtt';
import { JobsService } from '../remote/jobs-service.ts';
import type { Mosquitto } from '../system/mosquitto.ts';
import { connectMqtt } from '../system/mqtt-client.ts';

export const jobFaults = [
  'job document of 32 KB',
  '200 jobs queued',
  'jobs with answers that are late, twice or garbage',
  'jobs that somebody else changes',
] as const;
export type JobFault = (typeof jobFaults)[number];

/** What AWS IoT takes at most. */
const DOCUMENT_BYTES = 32 * 1_024;
const QUEUED = 200;
/** Past the deadline of a request, at the speed of the run. */
const LATE_MS = 2_500;

/** The jobs of one station, in a cloud that does not always answer as it should. */
export class JobTrouble {
  readonly service: JobsService;
  #added = 0;
  #client: MqttClient | null = null;

  constructor(station: string) {
    this.service = new JobsService(station, (topic, payload) => this.#send(topic, payload));
  }

  /** From now on the station reaches it. */
  serve(client: MqttClient): void {
    this.#client = client;
    client.on('message', (topic, payload) => this.service.receive(topic, payload.toString()));
  }

  /** Jobs that ended, whatever became of them. */
  done(): number {
    return this.service.executions.filter(({ status }) => /SUCCEEDED|FAILED|REJECTED/.test(status)).length;
  }

  readonly faults: Readonly<Record<JobFault, () => void>> = {
    'job document of 32 KB': () => {
      this.add({ verb: 'doctor', filler: 'x'.repeat(DOCUMENT_BYTES - 40) });
    },
    '200 jobs queued': () => {
      for (let job = 0; job < QUEUED; job += 1)
        this.add(
          job % 2 === 0 ? { verb: 'log-level', level: 'info', minutes: 1 } : { verb: 'shell', command: 'id' },
        );
    },
    'jobs with answers that are late, twice or garbage': () => {
      this.service.deliver = (answer) => {
        setTimeout(() => this.#send(answer.topic, answer.payload), LATE_MS);
        const ofAnother = answer.topic.replace('/things/', '/things/not-');
        return [{ ...answer, payload: '{"execution":' }, { ...answer, topic: ofAnother }, answer, answer];
      };
      this.addSome();
    },
    'jobs that somebody else changes': () => {
      // An operator's change between two requests of the station: the next update meets another version.
      this.service.deliver = (answer) => {
        for (const execution of this.service.executions)
          if (execution.status === 'IN_PROGRESS') execution.versionNumber += 1;
        return [answer];
      };
      this.addSome();
    },
  };

  /** Answers come as they should again. */
  heal(): void {
    this.service.deliver = (answer) => [answer];
  }

  addSome(): void {
    this.add({ verb: 'doctor' });
    this.add({ verb: 'log-level', level: 'debug', minutes: 1 });
    this.add({ verb: 'shell', command: 'id' });
  }

  /** A broker that is gone takes no answer. */
  #send(topic: string, payload: string): void {
    if (this.#client?.connected === true) this.#client.publish(topic, payload, { qos: 1 });
  }

  add(document: object): void {
    this.#added += 1;
    this.service.add(`job-${this.#added}`, document);
  }
}

/** The side of AWS IoT at a plain broker; comes back when the broker does. Resolves with what ends it. */
export const serveJobs = async (
  { port, authority }: Pick<Mosquitto, 'port' | 'authority'>,
  stations: readonly JobTrouble[],
): Promise<() => Promise<void>> => {
  const identity = await authority.issueClient('jobs');
  const parts = { port, rootCa: authority.certificate, identity };
  const client = await connectMqtt(parts, { clientId: 'jobs', reconnectPeriod: 100 });
  client.setMaxListeners(0);
  for (const station of stations) station.serve(client);
  await client.subscribeAsync('$aws/#', { qos: 1 });
  return () => client.endAsync(true);
};
