import type { Log } from '../log.ts';
import type { LinkState, Publisher } from '../mqtt/publisher.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { Wake } from '../time/wake.ts';
import { JobClient, type JobUpdate } from './job-client.ts';
import { type Details, fitDetails, type JobExecution } from './job-messages.ts';
import type { JobsStatus } from './jobs-status.ts';
import type { Outcome, StationVerbs } from './station-verbs.ts';
import { type JobVerb, parseJobDocument, VERBS_IN_WORDS } from './verbs.ts';

export type JobsParts = {
  /** Thing name and MQTT client id. */
  readonly thing: string;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Log;
  readonly verbs: Pick<StationVerbs, 'run' | 'logLevel'>;
  /** 0 (included) to 1 (not). */
  readonly random?: () => number;
};

const IDLE_MS = 3_600_000;
/** A broker that takes no subscription is asked again tomorrow: each try may cost the connection. */
const WITHOUT_MS = 86_400_000;
/** A broker that ends the connection because of a packet does so within a round trip or two. */
const PROMPT_MS = 10_000;
const RETRY_BASE_MS = 60_000;
const MAX_RETRY_MS = 3_600_000;
/** Between two jobs; readings go on meanwhile anyway. */
const MIN_PAUSE_MS = 1_000;
/** Half of what the inbound relay lets in before it ends the connection: 200 documents of 32 KB take their time. */
const BYTES_PER_SECOND = 6_000;
const MAX_UPDATE_TRIES = 3;
/** No verb takes so long: an upload has ended long before. */
const VERB_MS = 1_800_000;
const MAX_FINISHED = 20;

/** One connection, from CONNACK to its end. */
class Session {
  readonly #over = new AbortController();
  readonly signal = this.#over.signal;
  /** When the SUBSCRIBE was answered. */
  subscribedAtMs: number | null = null;
  hasAnswer = false;
  mustAsk = true;
  askAtMs = 0;

  end(): void {
    this.#over.abort();
  }
}

/** The execution that is being done, with the version that AWS IoT has of it. */
type Doing = { readonly execution: JobExecution; readonly verb: JobVerb | null; version: number };

const keyOf = ({ jobId, executionNumber = 1 }: JobExecution): string => `${jobId}#${executionNumber}`;

/**
 * Takes jobs of AWS IoT, one at a time. It stands beside the uplink and never in its way: nothing is subscribed before
 * the broker has acknowledged something, and where the broker or its policy wants no subscription, the station does
 * without for a day. Whatever comes is answered or left alone; nothing here ends the daemon.
 */
export class Jobs {
  readonly #parts: JobsParts;
  readonly #client: JobClient;
  readonly #wake: Wake;
  readonly #backoff: Backoff;
  #session: Session | null = null;
  #withoutUntilMs = 0;
  #problem: string | null = null;
  /** Of this run: the broker has answered a request, so that the policy was right. */
  #isProven = false;
  /** A connection ended at a SUBSCRIBE although the policy was right before. */
  #hasEndedOnce = false;
  #doing: Doing | null = null;
  #done = 0;
  /** Outcomes that AWS IoT may not have: what was done is not done again. */
  readonly #finished = new Map<string, Outcome>();

  constructor(parts: JobsParts) {
    this.#parts = parts;
    const { thing, publisher, clock } = parts;
    this.#wake = new Wake(clock);
    this.#client = new JobClient({ thing, publisher, clock, onNext: () => this.#onNext() });
    this.#backoff = new Backoff({
      baseMs: RETRY_BASE_MS,
      random: () => 0.5 + (parts.random ?? Math.random)() / 2,
    });
  }

  status(): JobsStatus {
    const leftMs = this.#withoutUntilMs - this.#parts.clock.monotonicMs();
    const isListening = this.#session !== null && this.#session.subscribedAtMs !== null;
    const { execution, verb = null } = this.#doing ?? {};
    return {
      state: leftMs > 0 ? 'without' : isListening ? 'listening' : 'away',
      problem: this.#problem,
      retrySeconds: leftMs > 0 ? leftMs / 1_000 : null,
      job: execution && verb ? { id: execution.jobId, verb } : null,
      done: this.#done,
      logLevel: this.#parts.verbs.logLevel(),
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { publisher, log } = this.#parts;
    const stopListening = publisher.onLink((link) => this.#onLink(link));
    this.#onLink(publisher.link());
    try {
      while (!signal.aborted) {
        const waitMs = await this.#step(signal).catch((error: unknown) => {
          log.error({ err: error }, 'a job could not be handled; readings go on');
          this.#problem = String(error);
          return MAX_RETRY_MS;
        });
        if (waitMs > 0) await this.#wake.wait(waitMs, signal);
      }
    } finally {
      stopListening();
      this.#session?.end();
    }
  }

  #onLink(link: LinkState): void {
    this.#session?.end();
    this.#session = link.state === 'connected' ? new Session() : null;
    this.#wake.call();
  }

  #onNext(): void {
    if (this.#session !== null) this.#session.mustAsk = true;
    this.#wake.call();
  }

  /** Subscribes, asks, or does a job; resolves with how long to wait before the next step. */
  async #step(signal: AbortSignal): Promise<number> {
    const session = this.#session;
    const nowMs = this.#parts.clock.monotonicMs();
    if (session === null) return IDLE_MS;
    if (this.#withoutUntilMs > nowMs) return this.#withoutUntilMs - nowMs;
    if (session.subscribedAtMs === null) return await this.#subscribe(session, signal);
    if (!session.mustAsk) return IDLE_MS;
    if (session.askAtMs > nowMs) return session.askAtMs - nowMs;
    return await this.#ask(session, signal);
  }

  async #subscribe(session: Session, signal: AbortSignal): Promise<number> {
    const stopped = new Promise<null>((resolve) => {
      signal.addEventListener('abort', () => resolve(null), { once: true });
    });
    // Resolves with the first PUBACK and what follows, or with the end of the connection.
    const result = await Promise.race([this.#client.subscribe(), stopped]);
    if (result === null) return IDLE_MS;
    if (result.kind === 'subscribed') {
      session.subscribedAtMs = this.#parts.clock.monotonicMs();
      this.#parts.log.debug({}, 'listens for jobs');
      return 0;
    }
    if (result.kind === 'refused') this.#doWithout(`the broker refuses the subscription: ${result.reason}`);
    else if (result.wasSent) this.#noteEnded(`the connection ended at the SUBSCRIBE: ${result.reason}`);
    return IDLE_MS;
  }

  async #ask(session: Session, signal: AbortSignal): Promise<number> {
    const { clock } = this.#parts;
    session.mustAsk = false;
    const answer = await this.#client.startNext(AbortSignal.any([signal, session.signal]));
    if (signal.aborted) return 0;
    if (answer.kind === 'denied') {
      this.#doWithout(`the broker refuses to be asked for jobs: ${answer.reason}`);
      return 0;
    }
    if (answer.kind === 'unanswered') {
      const isPrompt = clock.monotonicMs() - (session.subscribedAtMs ?? 0) < PROMPT_MS;
      if (!session.signal.aborted) this.#retryLater(session, `nobody answers: ${answer.reason}`);
      else if (!session.hasAnswer && isPrompt)
        this.#noteEnded(`the connection ended when jobs were asked for: ${answer.reason}`);
      return 0;
    }
    session.hasAnswer = true;
    this.#isProven = true;
    this.#hasEndedOnce = false;
    if (answer.kind === 'rejected') {
      this.#retryLater(session, `AWS IoT rejects the question for jobs: ${answer.code} ${answer.message}`);
      return 0;
    }
    this.#problem = null;
    if (answer.execution === null) {
      this.#backoff.reset();
      return 0;
    }
    const isTold = await this.#handle(answer.execution, session, signal);
    session.mustAsk = true;
    if (isTold) {
      this.#backoff.reset();
      const pauseMs = Math.max(MIN_PAUSE_MS, (this.#client.takeReceivedBytes() / BYTES_PER_SECOND) * 1_000);
      session.askAtMs = clock.monotonicMs() + pauseMs;
    } else session.askAtMs = clock.monotonicMs() + this.#backoff.nextMs(MAX_RETRY_MS);
    return 0;
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
    const outcome = await this.#inTime(
      (stop) => verbs.run(document, execution.statusDetails ?? {}, tell, stop),
      signal,
    );
    if (outcome !== null)
      log.info({ job: jobId, verb: document.verb, status: outcome.status, ...outcome.details }, 'a job ends');
    return outcome;
  }

  /** What a verb rejects with is the reason why it failed. */
  async #inTime(
    work: (signal: AbortSignal) => Promise<Outcome | null>,
    signal: AbortSignal,
  ): Promise<Outcome | null> {
    const over = new AbortController();
    const failed = (problem: string): Outcome => ({ status: 'FAILED', details: fitDetails({ problem }) });
    const late = this.#parts.clock.sleep(VERB_MS, AbortSignal.any([signal, over.signal])).then(
      () => failed(`not done within ${VERB_MS / 60_000} minutes`),
      () => null,
    );
    try {
      return await Promise.race([work(signal), late]);
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error));
    } finally {
      over.abort();
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
      if (answer.kind === 'unanswered') continue;
      if (answer.kind === 'denied') {
        this.#doWithout(`the broker refuses the answer to a job: ${answer.reason}`);
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

  #retryLater(session: Session, problem: string): void {
    const isNew = this.#problem !== problem;
    this.#problem = problem;
    if (isNew) this.#parts.log.info({ problem }, 'no jobs are to be had; they are asked for now and then');
    session.mustAsk = true;
    session.askAtMs = this.#parts.clock.monotonicMs() + this.#backoff.nextMs(MAX_RETRY_MS);
  }

  /** Where the policy was right before, one connection may have ended by chance. */
  #noteEnded(reason: string): void {
    if (this.#isProven && !this.#hasEndedOnce) this.#hasEndedOnce = true;
    else this.#doWithout(`${reason}: does the policy allow jobs?`);
  }

  #doWithout(reason: string): void {
    this.#problem = reason;
    this.#withoutUntilMs = this.#parts.clock.monotonicMs() + WITHOUT_MS;
    this.#parts.log.warn({ reason }, 'the station does without jobs for a day; readings go on');
  }
}
