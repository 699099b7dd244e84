import { randomBytes } from 'node:crypto';
import {
  CreateJobCommand,
  DescribeThingCommand,
  DescribeThingGroupCommand,
  type IoTClient,
  ListThingsInThingGroupCommand,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
} from '@aws-sdk/client-iot';
import { type JobDocument, parseJobDocument, VERBS_IN_WORDS } from '../../src/remote/verbs.ts';

export type Target = { readonly kind: 'station' | 'group'; readonly name: string };

/** How a job goes over the stations of a group. */
export type Rollout = {
  readonly stationsPerMinute: number;
  /** Of the stations that have answered: when so many went wrong, nobody else gets the job. */
  readonly abortPercent: number;
  /** So many have to have answered before that. */
  readonly abortAfterStations: number;
  /** From a station's IN_PROGRESS; then it is TIMED_OUT. */
  readonly timeoutMinutes: number;
};

/** By the station's own schema: what it would reject is not sent. */
export const checkDocument = (value: Readonly<Record<string, unknown>>): JobDocument => {
  const document = parseJobDocument(value);
  if (typeof document === 'string') throw new Error(`${document}\na station takes: ${VERBS_IN_WORDS}`);
  return document;
};

/** Throws where there is none of that name in this account and region. */
export const arnOf = async (iot: IoTClient, { kind, name }: Target): Promise<string> => {
  try {
    const arn =
      kind === 'station'
        ? (await iot.send(new DescribeThingCommand({ thingName: name }))).thingArn
        : (await iot.send(new DescribeThingGroupCommand({ thingGroupName: name }))).thingGroupArn;
    if (arn !== undefined) return arn;
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
  throw new Error(`there is no ${kind} "${name}" in this account and region`);
};

/** Also those of the groups in it, which a job for the group reaches too. */
const stationsIn = async (iot: IoTClient, group: string): Promise<string[]> => {
  const stations: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await iot.send(
      new ListThingsInThingGroupCommand({ thingGroupName: group, recursive: true, nextToken }),
    );
    stations.push(...(page.things ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined && nextToken !== '');
  if (stations.length === 0) throw new Error(`there is no station in the group "${group}"`);
  return stations;
};

export const stationsOf = async (iot: IoTClient, { kind, name }: Target): Promise<string[]> =>
  kind === 'station' ? [name] : await stationsIn(iot, name);

/** A name nobody has used, which sorts by time: `20261129-031500-1a2b3c`. */
export const nameByTime = (now: Date): string => {
  const time = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `${time}-${randomBytes(3).toString('hex')}`;
};

export const nameJob = (verb: JobDocument['verb'], now: Date): string => `${verb}-${nameByTime(now)}`;

/** For the stations that are in the group now. One that joins later does not get it. */
export const createJob = async (
  iot: IoTClient,
  job: { readonly id: string; readonly targets: readonly string[]; readonly document: JobDocument },
  rollout: Rollout,
): Promise<void> => {
  try {
    await iot.send(
      new CreateJobCommand({
        jobId: job.id,
        targets: [...job.targets],
        targetSelection: 'SNAPSHOT',
        document: JSON.stringify(job.document),
        timeoutConfig: { inProgressTimeoutInMinutes: rollout.timeoutMinutes },
        jobExecutionsRolloutConfig: { maximumPerMinute: rollout.stationsPerMinute },
        abortConfig: {
          criteriaList: [
            {
              failureType: 'ALL',
              action: 'CANCEL',
              thresholdPercentage: rollout.abortPercent,
              minNumberOfExecutedThings: rollout.abortAfterStations,
            },
          ],
        },
      }),
    );
  } catch (error) {
    // The name is new: it was this request, which the SDK sent again after its answer got lost.
    if (!(error instanceof ResourceAlreadyExistsException)) throw error;
  }
};
