import type { Log } from '../log.ts';
import type { LinkState, Publisher, PublishResult } from '../mqtt/publisher.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Lane } from '../outbox/records.ts';
import { StorageFullError } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';
import { topicsOf } from '../weather/message.ts';
import { BatchLimit } from './batch-limit.ts';
import { ClockHold } from './clock-hold.ts';
import { DrainProgress } from './drain-progress.ts';
import { LinkHistory } from './link-history.ts';
import { nextMessage } from './next-message.ts';
import { onlineStatus } from './online-status.ts';
import { type Outgoing, OutgoingMessages, type Unsendable } from './outgoing.ts';
import { publishPromptly } from './prompt-publish.ts';
import { RetryDelay } from './retry-delay.ts';
import type { UplinkStatus } from './uplink-status.ts';
import { Wake } from './wake.ts';

export type Acknowledged = { readonly lane: Lane; readonly count: number; readonly pubackMs: number };

export type UplinkParts = {
  readonly deviceid: string;
  readonly topicPrefix: string;
  readonly version: string;
  readonly outbox: Outbox;
  /** Started and stopped by the caller: started after `run`, stopped once `run` has resolved. */
  readonly publisher: Publisher;
  readonly timeKeeper: Pick<TimeKeeper, 'now' | 'stampOf' | 'status'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called for every message that was acknowledged. */
  readonly onAcknowledged?: (acknowledged: Acknowledged) => void;
  /** 0 (included) to 1 (not). */
  readonly random?: () => number;
};

const HOLD_CHECK_MS = 1_000;
/** Every change calls; this is only the length of one sleep. */
const IDLE_MS = 3_600_000;

/**
 * Drains the outbox: pre-alerts, then gaps, then readings, oldest first. One message is on its way at a time:
 * a broker may refuse one and take the next (quota exceeded), and then only this keeps readings in order.
 * Under IoT Core's 512 KB/s it costs nothing, since a full batch fills a quarter of a second by itself.
 */
export class Uplink {
  readonly #parts: UplinkParts;
  readonly #messages: OutgoingMessages;
  readonly #statusTopic: string;
  readonly #limit = new BatchLimit();
  readonly #progress = new DrainProgress();
  readonly #retry: RetryDelay;
  readonly #wake: Wake;
  readonly #hold: ClockHold;
  readonly #history: LinkHistory;
  #mustAnnounce = true;
  #possibleDuplicates = 0;
  #refusal: string | undefined;

  constructor(parts: UplinkParts) {
    this.#parts = parts;
    const { deviceid, timeKeeper, clock } = parts;
    const topics = topicsOf(parts.topicPrefix, deviceid);
    this.#messages = new OutgoingMessages({ deviceid, topics, stampOf: (at) => timeKeeper.stampOf(at) });
    this.#statusTopic = topics.status;
    this.#retry = new RetryDelay(clock, parts.random ?? Math.random);
    this.#wake = new Wake(clock);
    this.#hold = new ClockHold(clock, timeKeeper);
    this.#history = new LinkHistory(clock, parts.publisher.link());
  }

  /** Something was appended. */
  notify(): void {
    this.#wake.call();
  }

  status(): UplinkStatus {
    const { waiting } = this.#parts.outbox.stats().lanes.reading;
    return {
      link: this.#history.status(this.#parts.publisher),
      drain: this.#progress.status(this.#parts.clock.monotonicMs(), waiting),
      possibleDuplicates: this.#possibleDuplicates,
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { publisher } = this.#parts;
    const stopListening = publisher.onLink((link) => this.#onLink(link));
    this.#onLink(publisher.link());
    try {
      while (!signal.aborted) {
        const isConnected = publisher.link().state === 'connected';
        const waitMs = isConnected ? this.#retry.remainingMs() || (await this.#step(signal)) : IDLE_MS;
        if (waitMs > 0) await this.#wake.wait(waitMs, signal);
      }
    } finally {
      stopListening();
    }
  }

  #onLink(link: LinkState): void {
    this.#history.note(link);
    this.#retry.skip();
    if (link.state === 'connected') this.#hold.noteConnected();
    else {
      this.#mustAnnounce = true;
      this.#progress.noteInterrupted();
    }
    this.#wake.call();
  }

  /** One message; resolves with how long to wait before the next. */
  async #step(signal: AbortSignal): Promise<number> {
    if (this.#mustAnnounce) {
      await this.#announce(signal);
      return 0;
    }
    const next = await nextMessage({
      outbox: this.#parts.outbox,
      messages: this.#messages,
      limit: this.#limit,
      hold: this.#hold,
    });
    if (next === null) return IDLE_MS;
    if (next.kind === 'held') return HOLD_CHECK_MS;
    if (next.kind === 'lost') await this.#parts.outbox.accept(next.batch);
    else if (next.kind === 'unsendable') await this.#deadLetter(next.unsendable);
    else await this.#send(next.outgoing, signal);
    return 0;
  }

  async #announce(signal: AbortSignal): Promise<void> {
    this.#mustAnnounce = false;
    const message = {
      topic: this.#statusTopic,
      payload: JSON.stringify(onlineStatus(this.#parts)),
      retain: true,
    };
    const result = await publishPromptly({ ...this.#parts, signal }, message);
    // Readings matter more than this: a policy that forbids retained messages must not hold them up.
    if (result.kind === 'refused') this.#parts.log.warn({ reason: result.reason }, 'the status was refused');
  }

  async #deadLetter({ batch, reason }: Unsendable): Promise<void> {
    try {
      await this.#parts.outbox.deadLetter(batch, reason);
    } catch (error) {
      if (!(error instanceof StorageFullError)) throw error;
      // It stays where it is until there is room to say so.
      this.#retry.noteFailure();
      return;
    }
    this.#limit.noteDeadLettered();
  }

  async #send(outgoing: Outgoing, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const sentMs = clock.monotonicMs();
    const result = await publishPromptly({ ...this.#parts, signal }, outgoing);
    if (result.kind === 'acknowledged')
      return await this.#acknowledge(outgoing, clock.monotonicMs() - sentMs);
    if (result.kind === 'refused') return await this.#refuse(outgoing, result);
    if (outgoing.lane === 'reading') {
      this.#possibleDuplicates += outgoing.batch.count;
      this.#limit.noteUnacknowledged();
    }
    this.#retry.noteFailure();
  }

  async #acknowledge(outgoing: Outgoing, pubackMs: number): Promise<void> {
    const { clock, log, onAcknowledged, outbox } = this.#parts;
    const { lane } = outgoing;
    const count = outgoing.lane === 'gap' ? 1 : outgoing.batch.count;
    const { waiting } = outbox.stats().lanes.reading;
    if (outgoing.lane === 'gap') await outbox.acceptGap(outgoing.gap);
    else await outbox.accept(outgoing.batch);
    if (lane === 'reading') {
      this.#limit.noteAcknowledged(count);
      this.#progress.noteDelivered(clock.monotonicMs(), count, waiting);
    }
    onAcknowledged?.({ lane, count, pubackMs });
    this.#retry.noteSuccess();
    if (this.#refusal !== undefined) log.info({}, 'the broker takes messages again');
    this.#refusal = undefined;
  }

  async #refuse(outgoing: Outgoing, refusal: PublishResult & { kind: 'refused' }): Promise<void> {
    const { topic } = outgoing;
    const { isPermanent, reason } = refusal;
    if (isPermanent && outgoing.lane !== 'gap') {
      const { batch } = outgoing;
      if (batch.count === 1) return await this.#deadLetter({ batch, reason });
      this.#limit.noteRefused(batch.count);
      return;
    }
    if (reason !== this.#refusal) {
      this.#parts.log.warn({ topic, reason }, 'the broker refuses a message; it is sent again');
    }
    this.#refusal = reason;
    this.#retry.noteFailure();
  }
}
