import { type IoTClient, paginateListThingsInThingGroup } from '@aws-sdk/client-iot';
import { PauseClusterCommand, type RedshiftClient, ResumeClusterCommand } from '@aws-sdk/client-redshift';
import type { StackOutputs } from '../contract/outputs.ts';
import type { AnalyticsJob } from '../lambda/analytics-job.ts';
import { setCertificates } from './enrolment.ts';

export type PausingProps = {
  readonly iot: IoTClient;
  readonly redshift: RedshiftClient;
  readonly stack: StackOutputs;
  /** Absent without analytics. */
  readonly analytics: AnalyticsJob | undefined;
  readonly report: (line: string) => void;
};

const setStations = async (
  { iot, stack, report }: PausingProps,
  status: 'ACTIVE' | 'INACTIVE',
): Promise<void> => {
  let count = 0;
  const pages = paginateListThingsInThingGroup({ client: iot }, { thingGroupName: stack.ThingGroup });
  for await (const { things = [] } of pages) {
    for (const thingName of things) await setCertificates(iot, thingName, status);
    count += things.length;
  }
  report(`${count} station(s): certificates ${status.toLowerCase()}`);
};

/**
 * Stops what costs by the hour. The stations go first: a rule that is off would have their messages acknowledged and
 * gone, a certificate that is off leaves them in the stations' own stores.
 */
export const pause = async (props: PausingProps): Promise<void> => {
  await setStations(props, 'INACTIVE');
  if (props.analytics) {
    await props.analytics.stop();
    props.report('Flink stopped, with a snapshot');
  }
  if (props.stack.Cluster !== undefined) {
    await props.redshift.send(new PauseClusterCommand({ ClusterIdentifier: props.stack.Cluster }));
    props.report('Redshift pauses');
  }
};

/** The other way round: whoever receives is there before anybody sends. */
export const resume = async (props: PausingProps): Promise<void> => {
  if (props.stack.Cluster !== undefined) {
    await props.redshift.send(new ResumeClusterCommand({ ClusterIdentifier: props.stack.Cluster }));
    props.report('Redshift resumes');
  }
  if (props.analytics) {
    await props.analytics.start();
    props.report('Flink runs, from its snapshot');
  }
  await setStations(props, 'ACTIVE');
};
