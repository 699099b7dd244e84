import type { Log } from '../log.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import { IdConflict } from './id-conflict.ts';
import {
  type Connect,
  ConnectError,
  type Connection,
  type ConnectionEnd,
  type LinkState,
  type OnMessage,
  type Publisher,
  type PublishOptions,
  type PublishResult,
  type SubscribeResult,
} from './publisher.ts';

type ReconnectingPublisherParts = {
  readonly connect: Connect;
  readonly clock: Clock;
  readonly log: Log;
  /** What is wrong with key and certificate, for a person. */
  readonly credentialProblem?: () => string | null;
  /** 0 (included) to 1 (not). */
  readonly random?: () => number;
};

const BACKOFF_BASE_MS = 1_000;
/** No answer costs a few packets: a station is back, handshake included, within 5 s of its network. */
const UNREACHABLE_CAP_MS = 3_000;
/** A refused or broken connection has cost a TLS handshake: 5 KB that may be paid for by the megabyte. */
const REFUSED_CAP_MS = 128_000;
const STABLE_MS = 30_000;
/** A SUBACK waits behind a batch on a slow link. */
const SUBACK_TIMEOUT_MS = 60_000;
/** The first wait when another client uses this id. */
const CONFLICT_BASE_MS = 5_000;
/** While it waits, the clock is looked at so often; a step is more than NTP slews meanwhile. */
const LOOK_EVERY_MS = 1_000;
const STEP_MS = 2_000;

const stopped: ConnectionEnd = { kind: 'broken', reason: 'stopped' };
const notConnected: PublishResult = { kind: 'unacknowledged', reason: 'not connected' };
const notSubscribed: SubscribeResult = { kind: 'unanswered', reason: 'not connected', wasSent: false };

/** Something that happens once. */
class Latch {
  open: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

/** Keeps one connection up at a time until it is stopped, and reports the state of the link. */
export class ReconnectingPublisher implements Publisher {
  readonly #parts: ReconnectingPublisherParts;
  readonly #listeners = new Set<(link: LinkState) => void>();
  readonly #stop = new AbortController();
  readonly #unreachable: Backoff;
  readonly #refused: Backoff;
  readonly #conflicting: Backoff;
  readonly #conflict: IdConflict;
  #link: LinkState = { state: 'disconnected', reason: 'not started' };
  #connection: Connection | undefined;
  #running: Promise<void> | undefined;
  #drop: ((end: ConnectionEnd) => void) | undefined;
  /** Payloads (status apart) that this connection has brought home. */
  #acknowledged = 0;
  /** Topics on which a message was ever acknowledged. */
  readonly #takenTopics = new Set<string>();
  /** A message on another topic was not answered: it may be why this connection ends. */
  #hasUntakenTopic = false;
  /** A SUBSCRIBE was sent and not answered: it may be why this connection ends. */
  #hasUnansweredSubscribe = false;
  /** Resolves with the first PUBACK of this connection. */
  #firstPuback = new Latch();
  #loggedReason: string | undefined;

  constructor(parts: ReconnectingPublisherParts) {
    this.#parts = parts;
    const random = parts.random ?? Math.random;
    this.#unreachable = new Backoff({ baseMs: BACKOFF_BASE_MS, random });
    this.#refused = new Backoff({ baseMs: BACKOFF_BASE_MS, random });
    // At least half of each bound: of two stations that draw a short wait, neither gets anything done.
    this.#conflicting = new Backoff({ baseMs: CONFLICT_BASE_MS, random: () => 0.5 + random() / 2 });
    this.#conflict = new IdConflict(parts.clock);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  link(): LinkState {
    return this.#link;
  }

  problem(): string | null {
    return this.#conflict.problem() ?? this.#parts.credentialProblem?.() ?? null;
  }

  onLink(listener: (link: LinkState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async publish(topic: string, payload: string, options: PublishOptions = {}): Promise<PublishResult> {
    if (!this.#connection || this.#stop.signal.aborted) return notConnected;
    const firstPuback = this.#firstPuback;
    const result = await this.#connection.publish(topic, payload, options);
    if (result.kind === 'acknowledged') {
      this.#takenTopics.add(topic);
      firstPuback.open();
    }
    if (result.kind === 'acknowledged' && options.retain !== true) this.#acknowledged += 1;
    if (result.kind === 'unacknowledged' && !this.#takenTopics.has(topic)) this.#hasUntakenTopic = true;
    return result;
  }

  async subscribe(filters: readonly string[], onMessage: OnMessage): Promise<SubscribeResult> {
    const connection = this.#connection;
    if (!connection || this.#stop.signal.aborted) return notSubscribed;
    const isUp = await Promise.race([
      this.#firstPuback.opened.then(() => true),
      connection.ended.then(() => false),
    ]);
    if (!isUp || this.#connection !== connection || this.#stop.signal.aborted) return notSubscribed;
    this.#hasUnansweredSubscribe = true;
    const result = await this.#subscribeInTime(connection, filters, onMessage);
    if (result.kind !== 'unanswered') this.#hasUnansweredSubscribe = false;
    return result;
  }

  reconnect(reason: string): void {
    this.#drop?.({ kind: 'broken', reason });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#drop?.(stopped);
    await this.#running;
  }

  async #subscribeInTime(
    connection: Connection,
    filters: readonly string[],
    onMessage: OnMessage,
  ): Promise<SubscribeResult> {
    const answered = new AbortController();
    const late = this.#parts.clock.sleep(SUBACK_TIMEOUT_MS, answered.signal).then(
      (): SubscribeResult => ({
        kind: 'unanswered',
        reason: `no SUBACK within ${SUBACK_TIMEOUT_MS / 1_000} s`,
        wasSent: true,
      }),
      () => notSubscribed,
    );
    const result = await Promise.race([connection.subscribe(filters, onMessage), late]);
    answered.abort();
    return result;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#become({ state: 'connecting' });
      const end = await this.#connectOnce();
      this.#become({ state: 'disconnected', reason: end.reason });
      await this.#wait(this.#waitMs(end));
    }
  }

  /** Ends early when the clock steps: TLS fails while it is wrong, and may work as soon as it is right. */
  async #wait(ms: number): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stop;
    const offsetMs = (): number => clock.wallMs() - clock.monotonicMs();
    const startOffsetMs = offsetMs();
    const endMs = clock.monotonicMs() + ms;
    for (let leftMs = ms; leftMs > 0 && !signal.aborted; leftMs = endMs - clock.monotonicMs()) {
      await pause(clock, Math.min(leftMs, LOOK_EVERY_MS), signal);
      if (Math.abs(offsetMs() - startOffsetMs) > STEP_MS) return;
    }
  }

  #waitMs(end: ConnectionEnd): number {
    const conflictMs = this.#conflict.maxWaitMs();
    if (conflictMs !== null && end.kind !== 'unreachable') return this.#conflicting.nextMs(conflictMs);
    this.#conflicting.reset();
    return end.kind === 'unreachable'
      ? this.#unreachable.nextMs(UNREACHABLE_CAP_MS)
      : this.#refused.nextMs(REFUSED_CAP_MS);
  }

  /** One attempt and, when it succeeds, its whole connection. */
  async #connectOnce(): Promise<ConnectionEnd> {
    const { signal } = this.#stop;
    let connection: Connection;
    try {
      connection = await this.#parts.connect(signal);
    } catch (error) {
      this.#conflict.noteAttemptFailed();
      if (error instanceof ConnectError) return error.end;
      if (signal.aborted && error === signal.reason) return stopped;
      throw error;
    }
    const sinceMs = this.#parts.clock.monotonicMs();
    this.#conflict.noteConnected();
    const end = await this.#use(connection);
    // What brought readings home was worth its handshake, unless the broker itself has shown us out.
    const wasUseful = end.kind === 'broken' && this.#acknowledged > 0;
    if (wasUseful || this.#parts.clock.monotonicMs() - sinceMs >= STABLE_MS) this.#refused.reset();
    return end;
  }

  async #use(connection: Connection): Promise<ConnectionEnd> {
    const dropped = new Promise<ConnectionEnd>((resolve) => {
      this.#drop = resolve;
      if (this.#stop.signal.aborted) resolve(stopped);
    });
    this.#acknowledged = 0;
    this.#hasUntakenTopic = false;
    this.#hasUnansweredSubscribe = false;
    this.#firstPuback = new Latch();
    this.#unreachable.reset();
    this.#connection = connection;
    this.#become({ state: 'connected' });
    const [end, isOurs] = await Promise.race([
      connection.ended.then((how) => [how, false] as const),
      dropped.then((how) => [how, true] as const),
    ]);
    this.#conflict.noteEnded(end, isOurs || this.#hasUntakenTopic || this.#hasUnansweredSubscribe);
    this.#connection = undefined;
    this.#drop = undefined;
    await connection.close();
    return end;
  }

  #become(link: LinkState): void {
    this.#link = link;
    this.#logChange(link);
    for (const listener of this.#listeners) listener(link);
  }

  /** A reason that stays the same over many attempts is told once. */
  #logChange(link: LinkState): void {
    const { log } = this.#parts;
    if (link.state === 'connected') {
      // Of two clients with one id each connects again and again: that is told once.
      if (this.#conflict.problem() !== null) return;
      this.#loggedReason = undefined;
      log.info({}, 'connected');
    } else if (link.state === 'disconnected') {
      const reason = this.#conflict.problem() ?? link.reason;
      if (reason === this.#loggedReason) return;
      this.#loggedReason = reason;
      if (this.#stop.signal.aborted) log.info({}, 'disconnected');
      else log.warn({ reason }, 'no connection');
    }
  }
}
