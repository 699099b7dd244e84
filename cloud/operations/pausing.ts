import {
  type IoTClient,
  paginateListCertificates,
  paginateListTargetsForPolicy,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import {
  DescribeClustersCommand,
  InvalidClusterStateFault,
  PauseClusterCommand,
  type RedshiftClient,
  ResumeClusterCommand,
} from '@aws-sdk/client-redshift';
import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import type { StackOutputs } from '../contract/outputs.ts';
import type { AnalyticsJob } from '../lambda/analytics-job.ts';
import { idOf, switchOn, unlessGone } from './enrolment.ts';

type PausingProps = {
  readonly iot: IoTClient;
  readonly redshift: RedshiftClient;
  readonly s3: S3Client;
  readonly stack: StackOutputs;
  /** Absent without analytics. */
  readonly analytics: AnalyticsJob | undefined;
  readonly report: (line: string) => void;
};

/** What a pause has switched off, beside the list of stations. Athena, which reads that, leaves out such a name. */
const PAUSED_KEY = '_paused-certificates.json';
const pausedSchema = z.array(z.string().regex(/^[0-9a-f]{64}$/));

const readPaused = async ({ s3, stack }: PausingProps): Promise<string[]> => {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: stack.StationsBucket, Key: PAUSED_KEY }));
    return pausedSchema.parse(JSON.parse((await Body?.transformToString()) ?? ''));
  } catch (error) {
    if (error instanceof NoSuchKey) return [];
    throw error;
  }
};

const writePaused = async ({ s3, stack }: PausingProps, ids: readonly string[]): Promise<void> => {
  await s3.send(
    new PutObjectCommand({
      Bucket: stack.StationsBucket,
      Key: PAUSED_KEY,
      Body: JSON.stringify(ids),
      ContentType: 'application/json',
    }),
  );
};

/** As much as AWS IoT gives at once. */
const PAGE = 250;

/** The certificates by which stations may connect. Two lists tell, so that no station is asked for by itself. */
const activeCertificates = async ({ iot, stack }: PausingProps): Promise<string[]> => {
  const active = new Set<string>();
  for await (const { certificates = [] } of paginateListCertificates({ client: iot, pageSize: PAGE }, {}))
    for (const { certificateId, status } of certificates)
      if (certificateId !== undefined && status === 'ACTIVE') active.add(certificateId);
  const found: string[] = [];
  const policyName = stack.GatewayPolicy;
  const pages = paginateListTargetsForPolicy({ client: iot, pageSize: PAGE }, { policyName });
  for await (const { targets = [] } of pages) found.push(...targets.map(idOf).filter((id) => active.has(id)));
  return found;
};

const switchStationsOff = async (props: PausingProps): Promise<void> => {
  const ids = await activeCertificates(props);
  // Before, so that a pause that breaks off can be resumed; a second one adds to what the first has switched off.
  await writePaused(props, [...new Set([...(await readPaused(props)), ...ids])]);
  let count = 0;
  for (const certificateId of ids) {
    await unlessGone(async () => {
      await props.iot.send(new UpdateCertificateCommand({ certificateId, newStatus: 'INACTIVE' }));
      count += 1;
    });
  }
  props.report(`${count} certificate(s) of stations switched off`);
};

const switchStationsOn = async (props: PausingProps): Promise<void> => {
  const count = await switchOn(props.iot, await readPaused(props));
  await writePaused(props, []);
  props.report(`${count} certificate(s) switched on`);
};

/** Sends it, unless Redshift is in one of the states that it leads to: the command before broke off later than here. */
const turnRedshift = async (
  { redshift, stack, report }: PausingProps,
  {
    states,
    send,
  }: { readonly states: readonly string[]; readonly send: (cluster: string) => Promise<string> },
): Promise<void> => {
  const { Cluster } = stack;
  if (Cluster === undefined) return;
  try {
    report(await send(Cluster));
  } catch (error) {
    if (!(error instanceof InvalidClusterStateFault)) throw error;
    const { Clusters } = await redshift.send(new DescribeClustersCommand({ ClusterIdentifier: Cluster }));
    const state = Clusters?.[0]?.ClusterStatus ?? '';
    if (!states.includes(state)) throw error;
    report(`Redshift is ${state} already`);
  }
};

/**
 * Stops what costs by the hour. The stations go first: a rule that is off would have their messages acknowledged and
 * gone, a certificate that is off leaves them in the stations' own stores.
 */
export const pause = async (props: PausingProps): Promise<void> => {
  await switchStationsOff(props);
  if (props.analytics) {
    await props.analytics.stop();
    props.report('Flink stopped, with a snapshot');
  }
  await turnRedshift(props, {
    states: ['paused', 'pausing'],
    send: async (ClusterIdentifier) => {
      await props.redshift.send(new PauseClusterCommand({ ClusterIdentifier }));
      return 'Redshift pauses';
    },
  });
};

/** The other way round: whoever receives is there before anybody sends. */
export const resume = async (props: PausingProps): Promise<void> => {
  await turnRedshift(props, {
    states: ['available', 'resuming'],
    send: async (ClusterIdentifier) => {
      await props.redshift.send(new ResumeClusterCommand({ ClusterIdentifier }));
      return 'Redshift resumes';
    },
  });
  if (props.analytics) {
    await props.analytics.start();
    props.report('Flink runs, from its snapshot');
  }
  await switchStationsOn(props);
};
