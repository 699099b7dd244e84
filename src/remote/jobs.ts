import type { Log } from '../log.ts';
import type { Publisher } from '../mqtt/publisher.ts';
import type { Clock } from '../time/clock.ts';
import { withDeadline } from '../time/loops.ts';
import { formatError } from '../weather/format.ts';
import { type ChannelStatus, channelOff, IDLE_MS, InboundChannel, type Session } from './inbound-channel.ts';
import {
  type Details,
  fitDetails,
  JobClient,
  type JobExecution,
  type JobInHand,
  type JobUpdate,
  type Outcome,
} from './job-client.ts';
import type { OrderedLogLevel, StationVerbs } from './station-verbs.ts';
import { type JobVerb, parseJobDocument, VERBS_IN_WORDS } from './verbs.ts';

/** What the channel for jobs is doing: part of the status of the daemon. */
export type JobsStatus = ChannelStatus & {
  /** The one that is being done. */
  readonly job: { readonly id: string; readonly verb: JobVerb } | null;
  /** Jobs that were answered since start. */
  readonly done: number;
  /** `null` while the configured one holds. */
  readonly logLevel: OrderedLogLevel | null;
};

export const jobsOff: JobsStatus = { ...channelOff, job: null, done: 0, logLevel: null };

type JobsParts = {
  /** Thing name and MQTT client id. */
  readonly thing: string;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Log;
  readonly verbs: Pick<StationVerbs, 'run' | 'logLevel' | 'noteIdle'>;
  /** 0 (included) to 1 (not). */
  readonly random?: () => number;
};

/** Between two jobs; readings go on meanwhile anyway. */
const MIN_PAUSE_MS = 1_000;
/** Half of what the inbound relay lets in before it ends the connection: 200 documents of 32 KB take their time. */
const BYTES_PER_SECOND = 6_000;
const MAX_UPDATE_TRIES = 3;
/** No verb takes so long: an upload has ended long before. */
const VERB_MS = 1_800_000;
/** Six hours for the download, and five on trial where readings are an hour apart and wait another one to be sent. */
const UPDATE_MS = 12 * 3_600_000;
const MAX_FINISHED = 20;

/** The execution that is being done, with the version that AWS IoT has of it. */
type Doing = { readonly execution: JobExecution; readonly verb: JobVerb | null; version: number };

const keyOf = ({ jobId, executionNumber = 1, queuedAt }: JobExecution): string =>
  `${jobId}#${executionNumber}#${queuedAt}`;

/** Takes jobs of AWS IoT, one at a time. Whatever comes is answered or left alone. */
export class Jobs {
  readonly #parts: JobsParts;
  readonly #client: JobClient;
  readonly channel: InboundChannel;
  #doing: Doing | null = null;
  #done = 0;
  /** Outcomes that AWS IoT may not have: what was done is not done again. */
  readonly #finished = new Map<string, Outcome>();

  constructor(parts: JobsParts) {
    this.#parts = parts;
    const { thing, publisher, clock, log, random } = parts;
    this.#client = new JobClient({ thing, publisher, clock, onNext: () => this.channel.ask() });
    this.channel = new InboundChannel({
      what: 'jobs',
      publisher,
      clock,
      log,
      random,
      subscribe: () => this.#client.subscribe(),
      step: (session, signal) => this.#step(session, signal),
    });
  }

  status(): JobsStatus {
    const { execution, verb = null } = this.#doing ?? {};
    return {
      ...this.channel.status(),
      job: execution && verb ? { id: execution.jobId, verb } : null,
      done: this.#done,
      logLevel: this.#parts.verbs.logLevel(),
    };
  }

  run(signal: AbortSignal): Promise<void> {
    return this.channel.run(signal);
  }

  async #step(session: Session, signal: AbortSignal): Promise<number> {
    const nowMs = this.#parts.clock.monotonicMs();
    if (!session.mustAsk) return IDLE_MS;
    if (session.askAtMs > nowMs) return session.askAtMs - nowMs;
    await this.#ask(session, signal);
    return 0;
  }

  async #ask(session: Session, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    session.mustAsk = false;
    const answer = await this.#client.startNext(AbortSignal.any([signal, session.signal]));
    if (signal.aborted) return;
    if (answer.kind === 'denied' || answer.kind === 'ended' || answer.kind === 'unanswered') {
      this.channel.noteFailure(session, answer);
      return;
    }
    this.channel.noteAnswered(session);
    if (answer.kind === 'rejected') {
      const problem = `AWS IoT rejects the question for jobs: ${answer.code} ${answer.message}`;
      this.channel.retryLater(session, problem);
      return;
    }
    this.channel.noteFine();
    if (answer.execution === null) {
      this.channel.noteSuccess();
      await this.#parts.verbs.noteIdle();
      return;
    }
    const isTold = await this.#handle(answer.execution, session, signal);
    session.mustAsk = true;
    if (isTold) {
      this.channel.noteSuccess();
      const pauseMs = Math.max(MIN_PAUSE_MS, (this.#client.takeReceivedBytes() / BYTES_PER_SECOND) * 1_000);
      session.askAtMs = clock.monotonicMs() + pauseMs;
    } else session.askAtMs = clock.monotonicMs() + this.channel.nextRetryMs();
  }

  /** Resolves with whether AWS IoT knows the outcome. */
  async #handle(execution: JobExecution, session: Session, signal: AbortSignal): Promise<boolean> {
    const key = keyOf(execution);
    const document = parseJobDocument(execution.jobDocument);
    const verb = typeof document === 'string' ? null : document.verb;
    const doing: Doing = { execution, verb, version: execution.versionNumber };
    this.#doing = doing;
    try {
      const outcome = this.#finished.get(key) ?? (await this.#do(doing, document, session, signal));
      if (outcome === null) return false;
      this.#remember(key, outcome);
      const { status, details } = outcome;
      const isTold = await this.#update(doing, status, details, session, signal);
      if (isTold) this.#done += 1;
      return isTold;
    } finally {
      this.#doing = null;
    }
  }

  async #do(
    doing: Doing,
    document: ReturnType<typeof parseJobDocument>,
    session: Session,
    signal: AbortSignal,
  ): Promise<Outcome | null> {
    const { log, verbs } = this.#parts;
    const { execution } = doing;
    const { jobId } = execution;
    if (typeof document === 'string') {
      log.warn({ job: jobId, problem: document }, 'a job asks for what no station does');
      return { status: 'REJECTED', details: fitDetails({ problem: document, allowed: VERBS_IN_WORDS }) };
    }
    log.info({ job: jobId, verb: document.verb }, 'a job begins');
    const tell = (details: Details): Promise<boolean> =>
      this.#update(doing, 'IN_PROGRESS', details, session, signal);
    const job: JobInHand = {
      id: jobId,
      executionNumber: execution.executionNumber ?? 1,
      begun: execution.statusDetails ?? {},
      tell,
      connection: session.signal,
      signal,
    };
    const limitMs = document.verb === 'update' ? UPDATE_MS : VERB_MS;
    const outcome = await this.#inTime(() => verbs.run(document, job), limitMs, signal);
    if (outcome !== null)
      log.info({ job: jobId, verb: document.verb, status: outcome.status, ...outcome.details }, 'a job ends');
    return outcome;
  }

  /** What a verb rejects with is the reason why it failed. */
  async #inTime(
    work: () => Promise<Outcome | null>,
    limitMs: number,
    signal: AbortSignal,
  ): Promise<Outcome | null> {
    const failed = (problem: string): Outcome => ({ status: 'FAILED', details: fitDetails({ problem }) });
    try {
      const outcome = await withDeadline(this.#parts.clock, { limitMs, signal }, work());
      if (outcome === 'late') return failed(`not done within ${limitMs / 60_000} minutes`);
      return outcome === 'ended' ? null : outcome;
    } catch (error) {
      return failed(formatError(error));
    }
  }

  async #update(
    doing: Doing,
    status: JobUpdate['status'],
    statusDetails: Details,
    session: Session,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { jobId, executionNumber } = doing.execution;
    const stop = AbortSignal.any([signal, session.signal]);
    for (let attempt = 0; attempt < MAX_UPDATE_TRIES && !stop.aborted; attempt += 1) {
      const update = { status, statusDetails, expectedVersion: doing.version, executionNumber };
      const answer = await this.#client.update(jobId, update, stop);
      if (answer.kind === 'accepted') {
        doing.version = answer.versionNumber ?? doing.version + 1;
        return true;
      }
      if (answer.kind === 'ended' || answer.kind === 'unanswered') continue;
      if (answer.kind === 'denied') {
        this.channel.doWithout(`the broker refuses the answer to a job: ${answer.reason}`);
        return false;
      }
      const { code, message, state } = answer;
      const isBehind = code === 'VersionMismatch' && state?.status === 'IN_PROGRESS';
      if (isBehind && state.versionNumber !== doing.version) {
        doing.version = state.versionNumber;
        continue;
      }
      // Cancelled, timed out, deleted, or told already: whatever is next is asked for.
      this.#parts.log.warn(
        { job: jobId, status, code, reason: message },
        'AWS IoT does not take the state of a job',
      );
      return false;
    }
    return false;
  }

  #remember(key: string, outcome: Outcome): void {
    this.#finished.set(key, outcome);
    const [oldest] = this.#finished.keys();
    if (this.#finished.size > MAX_FINISHED && oldest !== undefined) this.#finished.delete(oldest);
  }
}
