import { CancelJobCommand, type IoTClient, type JobExecutionStatus } from '@aws-sdk/client-iot';
import type { JobDocument } from '../../src/remote/verbs.ts';
import {
  isOver,
  type JobView,
  oneLine,
  type StationAnswer,
  type WatchOptions,
  watchJobs,
} from './job-watching.ts';
import { createJob, nameJob, type Rollout } from './jobs.ts';

type RolloutPlan = {
  readonly groupArn: string;
  /** In the group. */
  readonly stations: readonly string[];
  /** The one that gets it before all others. */
  readonly first: string;
  /** Made anew for each wave: its URLs end. */
  readonly document: () => Promise<JobDocument>;
  readonly rollout: Rollout;
  /** So long a wave waits for stations that are away. */
  readonly waitMinutes: number;
};

type RolloutOptions = WatchOptions & { readonly nowMs: () => number };

export type RolloutResult = {
  /** Why the next wave was not sent; `null` when all were. */
  readonly problem: string | null;
  readonly jobIds: readonly string[];
  readonly answers: readonly StationAnswer[];
};

/** AWS IoT takes as many targets for a job. */
const MAX_TARGETS = 100;
const FIRST_SHARE = 0.1;
const MINUTE_MS = 60_000;
/** Ended by somebody: this says nothing of the release. */
const ENDED: readonly JobExecutionStatus[] = ['CANCELED', 'REMOVED'];

type Wave = { readonly name: string; readonly targets: readonly string[]; readonly count: number };

/** One station, then a tenth of them, then all: those that have the release already say so at once. */
export const wavesOf = ({ groupArn, stations, first }: RolloutPlan): Wave[] => {
  if (!stations.includes(first)) throw new Error(`the station "${first}" is not in the group`);
  const arnOf = (station: string): string => groupArn.replace(/:thinggroup\/.*$/, `:thing/${station}`);
  const others = stations.filter((station) => station !== first);
  const tenth = others.slice(0, Math.min(MAX_TARGETS, Math.ceil(stations.length * FIRST_SHARE)));
  const waves = [
    { name: 'one station', targets: [arnOf(first)], count: 1 },
    { name: 'a tenth', targets: tenth.map(arnOf), count: tenth.length },
  ];
  if (others.length > tenth.length) waves.push({ name: 'all', targets: [groupArn], count: stations.length });
  return waves.filter(({ count }) => count > 0);
};

/** Why nobody else should get it; `null` where the wave went well. */
const problemOf = ({ canceled, answers }: JobView, { abortPercent }: Rollout): string | null => {
  if (canceled !== null) return `the job was canceled${canceled === '' ? '' : `: ${oneLine(canceled)}`}`;
  const finished = answers.filter(({ status }) => isOver(status) && !ENDED.includes(status));
  const good = finished.filter(({ status }) => status === 'SUCCEEDED').length;
  const failed = finished.length - good;
  if (finished.length > 0 && (failed / finished.length) * 100 >= abortPercent)
    return `${failed} of ${finished.length} stations did not keep it`;
  return good === 0 ? 'no station has answered' : null;
};

/**
 * Sends a job in waves, each once the one before went well. Within a wave AWS IoT itself keeps rate and threshold. Nothing is
 * remembered: begun again, it passes over what is done already, because stations answer for that at once.
 */
export const rollOut = async (
  iot: IoTClient,
  plan: RolloutPlan,
  options: RolloutOptions,
): Promise<RolloutResult> => {
  const { rollout, waitMinutes } = plan;
  const { nowMs, report, stop } = options;
  const jobIds: string[] = [];
  const answers = new Map<string, StationAnswer>();
  const end = (problem: string | null): RolloutResult => ({
    problem,
    jobIds,
    answers: [...answers.values()],
  });
  for (const { name, targets, count } of wavesOf(plan)) {
    if (stop.aborted) return end('stopped by hand');
    const id = nameJob('update', new Date(nowMs()));
    // A release that does not start fails at once, and one that works says so after a quarter of an hour: the first answers are bad.
    const abortAfterStations = Math.max(rollout.abortAfterStations, Math.floor(count / 2) + 1);
    const job = { id, targets, document: await plan.document() };
    await createJob(iot, job, { ...rollout, abortAfterStations });
    jobIds.push(id);
    report(`job ${id}: ${name} (${count})`);
    const untilMs = nowMs() + waitMinutes * MINUTE_MS;
    const views = await watchJobs(iot, [id], {
      ...options,
      // Who is away gets it when it comes back, and holds nobody up.
      isEnough: ([view]) =>
        nowMs() >= untilMs && (view?.answers.every(({ status }) => status !== 'IN_PROGRESS') ?? false),
    });
    const [view] = views ?? [];
    if (view === undefined) return end('stopped by hand');
    for (const answer of view.answers) answers.set(answer.station, answer);
    const problem = problemOf(view, rollout);
    if (problem === null) continue;
    if (!view.isDone && view.canceled === null)
      await iot.send(new CancelJobCommand({ jobId: id, reasonCode: 'ROLLOUT_STOPPED' }));
    return end(problem);
  }
  return end(null);
};

/** Which station has which version, by what it answered. */
export const describeVersions = (
  stations: readonly string[],
  answers: readonly StationAnswer[],
): string[] => {
  const known = new Map(answers.map((answer) => [answer.station, answer]));
  const byVersion = new Map<string, string[]>();
  for (const station of stations) {
    const answer = known.get(station);
    const version = answer?.details['version'] ?? 'not known';
    const problem = answer?.details['problem'];
    const reason =
      answer === undefined || answer.status === 'SUCCEEDED'
        ? ''
        : ` (${answer.status}${problem === undefined ? '' : `: ${problem}`})`;
    byVersion.set(version, [...(byVersion.get(version) ?? []), `${station}${reason}`]);
  }
  return [...byVersion].map(([version, names]) =>
    oneLine(
      `${version}: ${names.length} ${names.length === 1 ? 'station' : 'stations'}: ${names.join(', ')}`,
    ),
  );
};
