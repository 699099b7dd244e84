import type { Log } from '../log.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { type Connect, ConnectError, type Connection, type ConnectionEnd } from './connection.ts';
import type { LinkState, Publisher, PublishOptions, PublishResult } from './publisher.ts';

export type ReconnectingPublisherParts = {
  readonly connect: Connect;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 (included) to 1 (not). */
  readonly random?: () => number;
};

const BACKOFF_BASE_MS = 1_000;
/** No answer costs a few packets: a station is back, handshake included, within 5 s of its network. */
const UNREACHABLE_CAP_MS = 3_000;
/** A refused or broken connection has cost a TLS handshake: 5 KB that may be paid for by the megabyte. */
const REFUSED_CAP_MS = 128_000;
const STABLE_MS = 30_000;

const stopped: ConnectionEnd = { kind: 'broken', reason: 'stopped' };
const notConnected: PublishResult = { kind: 'unacknowledged', reason: 'not connected' };

/** Keeps one connection up at a time, for ever, and tells how the link is. */
export class ReconnectingPublisher implements Publisher {
  readonly #parts: ReconnectingPublisherParts;
  readonly #listeners = new Set<(link: LinkState) => void>();
  readonly #stop = new AbortController();
  readonly #unreachable: Backoff;
  readonly #refused: Backoff;
  #link: LinkState = { state: 'disconnected', reason: 'not started' };
  #connection: Connection | undefined;
  #running: Promise<void> | undefined;
  #drop: ((end: ConnectionEnd) => void) | undefined;
  /** Payloads (status apart) that this connection has brought home. */
  #acknowledged = 0;
  #loggedReason: string | undefined;

  constructor(parts: ReconnectingPublisherParts) {
    this.#parts = parts;
    const random = parts.random ?? Math.random;
    this.#unreachable = new Backoff({ baseMs: BACKOFF_BASE_MS, random });
    this.#refused = new Backoff({ baseMs: BACKOFF_BASE_MS, random });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  link(): LinkState {
    return this.#link;
  }

  onLink(listener: (link: LinkState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async publish(topic: string, payload: string, options: PublishOptions = {}): Promise<PublishResult> {
    if (!this.#connection || this.#stop.signal.aborted) return notConnected;
    const result = await this.#connection.publish(topic, payload, options);
    if (result.kind === 'acknowledged' && options.retain !== true) this.#acknowledged += 1;
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

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { clock } = this.#parts;
    while (!signal.aborted) {
      this.#become({ state: 'connecting' });
      const end = await this.#connectOnce();
      this.#become({ state: 'disconnected', reason: end.reason });
      await clock.sleep(this.#waitMs(end), signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  #waitMs(end: ConnectionEnd): number {
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
      if (error instanceof ConnectError) return error.end;
      throw error;
    }
    const sinceMs = this.#parts.clock.monotonicMs();
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
    this.#unreachable.reset();
    this.#connection = connection;
    this.#become({ state: 'connected' });
    const end = await Promise.race([connection.ended, dropped]);
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
      this.#loggedReason = undefined;
      log.info({}, 'connected');
    } else if (link.state === 'disconnected' && link.reason !== this.#loggedReason) {
      this.#loggedReason = link.reason;
      if (this.#stop.signal.aborted) log.info({}, 'disconnected');
      else log.warn({ reason: link.reason }, 'no connection');
    }
  }
}
