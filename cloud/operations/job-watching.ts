import { setTimeout as delay } from 'node:timers/promises';
import {
  DescribeJobCommand,
  DescribeJobExecutionCommand,
  type IoTClient,
  type JobExecutionStatus,
  type JobExecutionSummaryForJob,
  ListJobExecutionsForJobCommand,
} from '@aws-sdk/client-iot';
import { printable } from '../../src/weather/format.ts';

/** What a station has said of a job so far. */
export type StationAnswer = {
  readonly station: string;
  readonly status: JobExecutionStatus;
  readonly details: Readonly<Record<string, string>>;
};

export type JobView = {
  readonly jobId: string;
  readonly isDone: boolean;
  /** Why AWS IoT or somebody ended it before its time. */
  readonly canceled: string | null;
  readonly answers: readonly StationAnswer[];
};

type Seen = { readonly mark: string; readonly answer: StationAnswer };

/** What a station sends is one line, whatever is in it. */
export const oneLine = (text: string): string =>
  printable(text).replaceAll(/[\t\n]/g, (character) => (character === '\n' ? '\\u000a' : '\\u0009'));

export const isOver = (status: JobExecutionStatus): boolean =>
  status !== 'QUEUED' && status !== 'IN_PROGRESS';

const stationOf = (thingArn: string): string => thingArn.slice(thingArn.lastIndexOf('/') + 1);

/** Looks at one job again and again, and asks only for the answers that have changed. */
class JobLook {
  readonly #iot: IoTClient;
  readonly #jobId: string;
  readonly #seen = new Map<string, Seen>();

  constructor(iot: IoTClient, jobId: string) {
    this.#iot = iot;
    this.#jobId = jobId;
  }

  async look(abortSignal: AbortSignal): Promise<JobView> {
    const jobId = this.#jobId;
    // Before the stations, so that a job that is done shows the last word of each.
    const { job } = await this.#iot.send(new DescribeJobCommand({ jobId }), { abortSignal });
    let nextToken: string | undefined;
    do {
      const page = await this.#iot.send(
        new ListJobExecutionsForJobCommand({ jobId, maxResults: 250, nextToken }),
        { abortSignal },
      );
      for (const summary of page.executionSummaries ?? []) await this.#note(summary, abortSignal);
      nextToken = page.nextToken;
    } while (nextToken !== undefined && nextToken !== '');
    const answers = [...this.#seen.values()].map(({ answer }) => answer);
    const isCanceled = job?.status === 'CANCELED';
    return {
      jobId,
      // A canceled job leaves alone who has begun it.
      isDone: job?.status === 'COMPLETED' || (isCanceled && answers.every(({ status }) => isOver(status))),
      canceled: isCanceled ? [job?.reasonCode, job?.comment].filter(Boolean).join(': ') : null,
      answers,
    };
  }

  async #note({ thingArn = '', jobExecutionSummary }: JobExecutionSummaryForJob, abortSignal: AbortSignal) {
    const { status = 'QUEUED', lastUpdatedAt, executionNumber } = jobExecutionSummary ?? {};
    const mark = `${status} ${lastUpdatedAt?.getTime()} ${executionNumber}`;
    if (this.#seen.get(thingArn)?.mark === mark) return;
    const station = stationOf(thingArn);
    const { execution } =
      status === 'QUEUED'
        ? { execution: undefined }
        : await this.#iot.send(new DescribeJobExecutionCommand({ jobId: this.#jobId, thingName: station }), {
            abortSignal,
          });
    const answer = {
      station,
      status: execution?.status ?? status,
      details: execution?.statusDetails?.detailsMap ?? {},
    };
    this.#seen.set(thingArn, { mark, answer });
  }
}

const progressOf = ({ station, status, details }: StationAnswer): string => {
  const step = details['step'];
  return oneLine(`${station}: ${status}${step === undefined || isOver(status) ? '' : ` (${step})`}`);
};

const answerLines = ({ station, status, details }: StationAnswer): string[] => [
  oneLine(`${station}: ${status}`),
  ...Object.entries(details)
    .filter(([name]) => name !== 'step')
    .map(([name, value]) => `  ${oneLine(name)}: ${oneLine(value)}`),
];

/** Each station with all it has answered. */
export const describeAnswers = (views: readonly JobView[]): string[] =>
  views.flatMap(({ jobId, canceled, answers }) => [
    ...(canceled === null ? [] : [`${jobId} was canceled${canceled === '' ? '' : `: ${oneLine(canceled)}`}`]),
    ...(answers.length === 0 ? [`${jobId} has reached no station`] : answers.flatMap(answerLines)),
  ]);

/** Whether a station did not do it, or none was there. One that is still at it has not failed. */
export const haveFailed = (views: readonly JobView[]): boolean =>
  views.some(
    ({ answers, isDone }) =>
      (isDone && answers.length === 0) ||
      answers.some(({ status }) => isOver(status) && status !== 'SUCCEEDED'),
  );

/** How the jobs are now. */
export const lookAtJobs = async (iot: IoTClient, jobIds: readonly string[]): Promise<JobView[]> => {
  const views: JobView[] = [];
  for (const jobId of jobIds) views.push(await new JobLook(iot, jobId).look(new AbortController().signal));
  return views;
};

export type WatchOptions = {
  readonly intervalMs: number;
  readonly report: (line: string) => void;
  /** Ends the watching and leaves the jobs alone. */
  readonly stop: AbortSignal;
  /** Ends the watching before all is done. */
  readonly isEnough?: (views: readonly JobView[]) => boolean;
};

/** Reports each station as it goes on, until all jobs are done. `null` when it was stopped before. */
export const watchJobs = async (
  iot: IoTClient,
  jobIds: readonly string[],
  { intervalMs, report, stop, isEnough = () => false }: WatchOptions,
): Promise<JobView[] | null> => {
  const looks = jobIds.map((jobId) => ({ look: new JobLook(iot, jobId), view: null as JobView | null }));
  const reported = new Map<string, string>();
  const reportChanges = ({ jobId, answers }: JobView): void => {
    for (const answer of answers) {
      const key = `${jobId} ${answer.station}`;
      const line = progressOf(answer);
      if (reported.get(key) === line) continue;
      reported.set(key, line);
      report(line);
    }
  };
  try {
    for (;;) {
      for (const each of looks) {
        if (each.view?.isDone === true) continue;
        each.view = await each.look.look(stop);
        reportChanges(each.view);
      }
      const views = looks.flatMap(({ view }) => (view === null ? [] : [view]));
      if (views.every(({ isDone }) => isDone) || isEnough(views)) return views;
      await delay(intervalMs, undefined, { signal: stop });
    }
  } catch (error) {
    if (stop.aborted) return null;
    throw error;
  }
};
