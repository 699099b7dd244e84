import type { Log } from '../log.ts';
import type { LinkState, Publisher, PublishResult, SubscribeResult } from '../mqtt/publisher.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { Wake, withDeadline } from '../time/loops.ts';

export type ChannelStatus = {
  /**
   * `off` by configuration · `away`: no connection, or nothing acknowledged on it yet · `listening` ·
   * `without`: the broker takes no subscription, and it is not asked again for a while.
   */
  readonly state: 'off' | 'away' | 'listening' | 'without';
  /** Why nothing comes, for a person; `null` when nothing is wrong. */
  readonly problem: string | null;
  /** Until the broker is asked again; `null` but for `without`. */
  readonly retrySeconds: number | null;
};

export const channelOff: ChannelStatus = { state: 'off', problem: null, retrySeconds: null };

type InboundChannelParts = {
  /** What comes by it, for log and status: `jobs`. */
  readonly what: string;
  readonly publisher: Pick<Publisher, 'link' | 'onLink'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly subscribe: () => Promise<SubscribeResult>;
  /** Called while it listens: makes one step, and resolves with how long to wait before the next. */
  readonly step: (session: Session, signal: AbortSignal) => Promise<number>;
  /** Begins on each connection once this one has had an answer there: what ends a connection is then known. */
  readonly after?: InboundChannel | undefined;
  /** 0 (included) to 1 (not). */
  readonly random?: (() => number) | undefined;
};

/** Of a question: the broker does not take it, the connection ended at it, or nobody answers. */
export type RequestFailure =
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'ended'; readonly reason: string }
  | { readonly kind: 'unanswered'; readonly reason: string };

/** Of a message that had no PUBACK with success: whether it was stalled, or went with its connection. */
export const failureOf = (
  result: Exclude<PublishResult, { readonly kind: 'acknowledged' }>,
): RequestFailure => {
  const { reason } = result;
  if (result.kind === 'refused') return { kind: 'denied', reason };
  return { kind: result.isStalled === true ? 'unanswered' : 'ended', reason };
};

const ANSWER_MS = 30_000;

/** The answer to a question, or why there is none. `what` is awaited: a PUBACK, or what the broker says after it. */
export const answerInTime = async <T>(
  work: Promise<T>,
  what: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<T | RequestFailure> => {
  const result = await withDeadline(clock, { limitMs: ANSWER_MS, signal }, work);
  if (result === 'late') return { kind: 'unanswered', reason: `no ${what} within ${ANSWER_MS / 1_000} s` };
  return result === 'ended' ? { kind: 'ended', reason: 'the connection ended' } : result;
};

export const IDLE_MS = 3_600_000;
/** A broker that takes no subscription is asked again tomorrow: each try may cost the connection. */
const WITHOUT_MS = 86_400_000;
/** A broker that ends the connection because of a packet does so within a round trip or two. */
const PROMPT_MS = 10_000;
const RETRY_BASE_MS = 60_000;
const MAX_RETRY_MS = 3_600_000;

/** One connection, from CONNACK to its end. */
export class Session {
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

/**
 * Something that the broker may send this station. It stands beside the uplink and never in its way: nothing is subscribed
 * before the broker has acknowledged something, and where the broker or its policy wants no subscription, the station does
 * without for a day. Nothing here ends the daemon.
 */
export class InboundChannel {
  readonly #parts: InboundChannelParts;
  readonly #wake: Wake;
  readonly #backoff: Backoff;
  readonly #followers = new Set<() => void>();
  #session: Session | null = null;
  #withoutUntilMs = 0;
  #problem: string | null = null;
  /** Of this run: the broker has answered a request, so that the policy was right. */
  #isProven = false;
  /** A connection ended at a SUBSCRIBE although the policy was right before. */
  #hasEndedOnce = false;

  constructor(parts: InboundChannelParts) {
    this.#parts = parts;
    this.#wake = new Wake(parts.clock);
    this.#backoff = new Backoff({
      baseMs: RETRY_BASE_MS,
      random: () => 0.5 + (parts.random ?? Math.random)() / 2,
    });
    parts.after?.onAnswer(() => this.#wake.call());
  }

  status(): ChannelStatus {
    const leftMs = this.#withoutUntilMs - this.#parts.clock.monotonicMs();
    const isListening = this.#session !== null && this.#session.subscribedAtMs !== null;
    return {
      state: leftMs > 0 ? 'without' : isListening ? 'listening' : 'away',
      problem: this.#problem,
      retrySeconds: leftMs > 0 ? leftMs / 1_000 : null,
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { publisher, log, what } = this.#parts;
    const stopListening = publisher.onLink((link) => this.#onLink(link));
    this.#onLink(publisher.link());
    try {
      while (!signal.aborted) {
        const waitMs = await this.#step(signal).catch((error: unknown) => {
          log.error({ err: error }, `${what} could not be handled; readings go on`);
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

  /** Something may be to do. */
  call(): void {
    this.#wake.call();
  }

  /** There is something to ask for. */
  ask(): void {
    if (this.#session !== null) this.#session.mustAsk = true;
    this.#wake.call();
  }

  /** Whether the broker has answered a request on this connection. */
  hasAnswer(): boolean {
    return this.#session?.hasAnswer === true;
  }

  onAnswer(listener: () => void): void {
    this.#followers.add(listener);
  }

  noteAnswered(session: Session): void {
    session.hasAnswer = true;
    this.#isProven = true;
    this.#hasEndedOnce = false;
    for (const follow of this.#followers) follow();
  }

  noteFine(): void {
    this.#problem = null;
  }

  noteSuccess(): void {
    this.#backoff.reset();
  }

  /** A question came to nothing. */
  noteFailure(session: Session, { kind, reason }: RequestFailure): void {
    const { what, clock } = this.#parts;
    const isPrompt = clock.monotonicMs() - (session.subscribedAtMs ?? 0) < PROMPT_MS;
    if (kind === 'denied') {
      session.mustAsk = true;
      this.doWithout(`the broker refuses to be asked for ${what}: ${reason}`);
    } else if (kind === 'unanswered') this.retryLater(session, `nobody answers: ${reason}`);
    else if (!session.hasAnswer && isPrompt)
      this.#noteEnded(`the connection ended when ${what} were asked for: ${reason}`);
  }

  retryLater(session: Session, problem: string): void {
    const { what, log } = this.#parts;
    const isNew = this.#problem !== problem;
    this.#problem = problem;
    if (isNew) log.info({ problem }, `nothing is heard of ${what}; it is asked for now and then`);
    session.mustAsk = true;
    session.askAtMs = this.#parts.clock.monotonicMs() + this.nextRetryMs();
  }

  nextRetryMs(): number {
    return this.#backoff.nextMs(MAX_RETRY_MS);
  }

  doWithout(reason: string): void {
    const { what, clock, log } = this.#parts;
    this.#problem = reason;
    this.#withoutUntilMs = clock.monotonicMs() + WITHOUT_MS;
    log.warn({ reason }, `the station does without ${what} for a day; readings go on`);
  }

  #onLink(link: LinkState): void {
    this.#session?.end();
    this.#session = link.state === 'connected' ? new Session() : null;
    this.#wake.call();
  }

  /** Subscribes, or does what the channel is for; resolves with how long to wait before the next step. */
  async #step(signal: AbortSignal): Promise<number> {
    const session = this.#session;
    const nowMs = this.#parts.clock.monotonicMs();
    if (session === null) return IDLE_MS;
    if (this.#withoutUntilMs > nowMs) return this.#withoutUntilMs - nowMs;
    if (session.subscribedAtMs !== null) return await this.#parts.step(session, signal);
    if (this.#parts.after?.hasAnswer() === false) return IDLE_MS;
    return await this.#subscribe(session, signal);
  }

  async #subscribe(session: Session, signal: AbortSignal): Promise<number> {
    const { subscribe, clock, log, what } = this.#parts;
    let stop: () => void = () => undefined;
    const stopped = new Promise<null>((resolve) => {
      stop = () => resolve(null);
    });
    signal.addEventListener('abort', stop, { once: true });
    // Resolves with the first PUBACK and what follows, or with the end of the connection.
    const result = await Promise.race([subscribe(), stopped]);
    signal.removeEventListener('abort', stop);
    if (result === null) return IDLE_MS;
    if (result.kind === 'subscribed') {
      session.subscribedAtMs = clock.monotonicMs();
      log.debug({}, `listens for ${what}`);
      return 0;
    }
    if (result.kind === 'refused') this.doWithout(`the broker refuses the subscription: ${result.reason}`);
    else if (result.wasSent) this.#noteEnded(`the connection ended at the SUBSCRIBE: ${result.reason}`);
    return IDLE_MS;
  }

  /** Where the policy was right before, one connection may have ended by chance. */
  #noteEnded(reason: string): void {
    if (this.#isProven && !this.#hasEndedOnce) this.#hasEndedOnce = true;
    else this.doWithout(`${reason}: does the policy allow ${this.#parts.what}?`);
  }
}
