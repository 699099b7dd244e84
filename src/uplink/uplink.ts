import type { Log } from '../log.ts';
import type { LinkState, Publisher, PublishOptions, PublishResult } from '../mqtt/publisher.ts';
import type { Batch } from '../outbox/batch.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Lane, RecordLane } from '../outbox/records.ts';
import { StorageFullError } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import { Wake, withDeadline } from '../time/loops.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';
import { topicsOf } from '../weather/message.ts';
import { HealthLane, type HealthReport } from './health-lane.ts';
import { LaneRetry } from './lane-retry.ts';
import { NextMessage, type Outgoing, OutgoingMessages, onlineStatus } from './outgoing.ts';
import { BatchLimit, ClockHold, SendSchedule } from './pacing.ts';
import { DrainProgress, LinkHistory, type UplinkStatus } from './uplink-status.ts';

export type Acknowledged = { readonly lane: Lane; readonly count: number; readonly pubackMs: number };

type UplinkParts = {
  readonly deviceid: string;
  readonly topicPrefix: string;
  readonly version: string;
  /** Readings leave together at the latest after so long; 0 is at once. */
  readonly sendSeconds?: number;
  readonly outbox: Outbox;
  /** Started and stopped by the caller: started after `run`, stopped once `run` has resolved. */
  readonly publisher: Publisher;
  readonly timeKeeper: Pick<TimeKeeper, 'now' | 'stampOf' | 'status'>;
  readonly clock: Clock;
  readonly log: Log;
  /** What the station says of its own health; `null` while there is nothing to tell. */
  readonly healthReport?: () => HealthReport | null;
  /** Called for every message that was acknowledged. */
  readonly onAcknowledged?: (acknowledged: Acknowledged) => void;
  /** 0 (included) to 1 (not). */
  readonly random?: () => number;
};

type Message = { readonly topic: string; readonly payload: string } & PublishOptions;

/** `hasEnded`: the connection ended while the message was on its way, and soon. */
type Answer = PublishResult & { readonly tookMs: number; readonly hasEnded: boolean };
/** How long an acknowledgement is awaited before the connection counts as dead, and is dropped where the message is worth it. */
type Patience = { readonly stallMs: number; readonly isReplaceable: boolean };
type Refused = PublishResult & { readonly kind: 'refused' };
type Unacknowledged = Answer & { readonly kind: 'unacknowledged' };

const TAKEN_AGAIN = 'the broker takes messages again';
const HOLD_CHECK_MS = 1_000;
/** A broker that ends the connection because of a message does so within a round trip or two. */
const PROMPT_MS = 5_000;
/** A broker that swallows the message about the station's health holds the readings up for no longer. */
const HEALTH_STALL_MS = 10_000;
/** What is on its way when the daemon stops gets this long; beyond it the next start sends it again. */
const FAREWELL_MS = 2_000;
/** Every change calls; this is only the length of one sleep. */
const IDLE_MS = 3_600_000;

/**
 * Drains the outbox: pre-alerts, then gaps, then readings, oldest first. One message is on its way at a time:
 * a broker may refuse one and take the next (quota exceeded), and then only this keeps readings in order.
 * Under IoT Core's 512 KB/s it costs nothing, since a full batch fills a quarter of a second by itself.
 *
 * A lane that is refused waits by itself. A record that is refused for good may be the record's fault or the broker's:
 * the record behind it is sent, and only where that one passes, the refused one is dead-lettered.
 *
 * When nothing of this waits, the station says now and then how it is itself.
 */
export class Uplink {
  readonly #parts: UplinkParts;
  readonly #next: NextMessage;
  readonly #statusTopic: string;
  readonly #limit: BatchLimit;
  readonly #schedule: SendSchedule;
  readonly #progress = new DrainProgress();
  readonly #retries: readonly LaneRetry<Lane>[];
  readonly #statusRetry: LaneRetry;
  readonly #health: HealthLane;
  /** Lanes whose head was refused for good while nothing was behind it. */
  readonly #suspects = new Map<RecordLane, Refused>();
  readonly #wake: Wake;
  readonly #hold: ClockHold;
  readonly #history: LinkHistory;
  #mustAnnounce = true;
  /** An attempt to connect failed since the last connection. */
  #wasAway = false;
  /** Something was acknowledged, or refused, on this connection. */
  #hasAnswered = false;
  #possibleDuplicates = 0;

  constructor(parts: UplinkParts) {
    this.#parts = parts;
    const { deviceid, outbox, timeKeeper, clock } = parts;
    const { sendSeconds = 0 } = parts;
    this.#limit = new BatchLimit(clock, sendSeconds > 0);
    this.#schedule = new SendSchedule(clock, sendSeconds);
    const topics = topicsOf(parts.topicPrefix, deviceid);
    const messages = new OutgoingMessages({ deviceid, topics, stampOf: (at) => timeKeeper.stampOf(at) });
    this.#hold = new ClockHold(clock, timeKeeper);
    this.#next = new NextMessage({ outbox, messages, limit: this.#limit, hold: this.#hold });
    this.#statusTopic = topics.status;
    const random = parts.random ?? Math.random;
    const order = ['prealert', 'gap', 'reading'] as const;
    this.#retries = order.map((lane) => new LaneRetry(lane, clock, random));
    this.#statusRetry = new LaneRetry('status', clock, random);
    const report = parts.healthReport ?? (() => null);
    this.#health = new HealthLane({ topic: topics.health, clock, report });
    this.#wake = new Wake(clock);
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
      refusedLanes: [...this.#retries, this.#statusRetry, this.#health].flatMap(
        (retry) => retry.refusal() ?? [],
      ),
    };
  }

  /**
   * Whether what is due waits for the link, so that others should leave it alone. One live reading on its way is usual; what
   * the broker refuses needs no link.
   */
  isBehind(): boolean {
    const { prealert, reading } = this.#parts.outbox.stats().lanes;
    const isRefused = (lane: Lane): boolean =>
      this.#retries.some((retry) => retry.lane === lane && retry.refusal() !== null);
    if (prealert.waiting > 0 && !isRefused('prealert')) return true;
    return reading.waiting > 1 && !isRefused('reading') && this.#schedule.remainingMs(reading) === 0;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { publisher } = this.#parts;
    const stopListening = publisher.onLink((link) => this.#onLink(link));
    this.#onLink(publisher.link());
    try {
      while (!signal.aborted) {
        const isConnected = publisher.link().state === 'connected';
        const waitMs = isConnected ? await this.#step(signal) : IDLE_MS;
        if (waitMs > 0) await this.#wake.wait(waitMs, signal);
      }
    } finally {
      stopListening();
    }
  }

  #onLink(link: LinkState): void {
    if (link.state === 'disconnected' && this.#history.isConnecting()) {
      this.#limit.noteUnreachable();
      this.#wasAway = true;
    }
    this.#history.note(link);
    if (link.state === 'connected') {
      this.#hold.noteConnected();
      for (const retry of [...this.#retries, this.#statusRetry, this.#health])
        retry.noteConnected(this.#wasAway);
      this.#wasAway = false;
      this.#hasAnswered = false;
    } else {
      this.#mustAnnounce = true;
      this.#progress.noteInterrupted();
    }
    this.#wake.call();
  }

  /** One message of the first lane that may send one; resolves with how long to wait before the next. */
  async #step(signal: AbortSignal): Promise<number> {
    const statusMs = this.#statusRetry.remainingMs();
    if (this.#mustAnnounce && statusMs === 0) {
      await this.#announce(signal);
      return 0;
    }
    let waitMs = this.#mustAnnounce ? statusMs : IDLE_MS;
    for (const retry of this.#retries) {
      const laneMs = await this.#stepIn(retry, signal);
      if (laneMs === 0) return 0;
      waitMs = Math.min(waitMs, laneMs);
    }
    // What comes last may cost the connection: not before the station has shown that it works.
    if (!this.#hasAnswered || this.#parts.healthReport === undefined) return waitMs;
    const health = this.#health.next();
    if (health === null) return Math.min(waitMs, this.#health.remainingMs());
    await this.#tellHealth(health, signal);
    return 0;
  }

  /** 0 once the lane has made a step; otherwise how long it waits. */
  async #stepIn(retry: LaneRetry<Lane>, signal: AbortSignal): Promise<number> {
    const { lane } = retry;
    const { outbox } = this.#parts;
    if (lane !== 'gap' && this.#suspects.has(lane) && (await this.#tryNeighbour(lane, retry, signal)))
      return 0;
    if (retry.remainingMs() > 0) return retry.remainingMs();
    if (lane === 'reading') {
      const waitMs = this.#schedule.remainingMs(outbox.stats().lanes.reading);
      if (waitMs > 0) return waitMs;
    }
    const next = await this.#next.of(lane);
    if (next === null) return IDLE_MS;
    if (next.kind === 'held') return HOLD_CHECK_MS;
    if (next.kind === 'lost') await outbox.accept(next.batch);
    else if (next.kind === 'unsendable')
      await this.#deadLetter(retry, next.unsendable.batch, next.unsendable.reason);
    else await this.#send(retry, next.outgoing, signal);
    return 0;
  }

  async #announce(signal: AbortSignal): Promise<void> {
    this.#mustAnnounce = false;
    const message = {
      topic: this.#statusTopic,
      payload: JSON.stringify(onlineStatus(this.#parts)),
      retain: true,
    };
    const result = await this.#publish(message, signal);
    if (result.kind === 'acknowledged') this.#noteSuccess(this.#statusRetry, message.topic);
    else if (result.kind === 'unacknowledged') this.#noteUnanswered(this.#statusRetry, message.topic, result);
    // Readings matter more than this: a policy that forbids retained messages must not hold them up.
    else if (this.#statusRetry.noteRefused(message.topic, result.reason))
      this.#parts.log.warn({ topic: message.topic, reason: result.reason }, 'the status was refused');
  }

  async #tellHealth(report: HealthReport, signal: AbortSignal): Promise<void> {
    const { log } = this.#parts;
    const { topic } = this.#health;
    const message = { topic, payload: report.payload, retain: true };
    // A message that only the newest of counts is worth no new connection.
    const result = await this.#publish(message, signal, { stallMs: HEALTH_STALL_MS, isReplaceable: true });
    if (result.kind === 'acknowledged') {
      if (this.#health.noteSuccess(report)) log.info({ lane: 'health', topic }, TAKEN_AGAIN);
    } else if (result.kind === 'refused') {
      this.#health.noteRefused(result.reason, result.reasonCode);
      log.warn({ topic, reason: result.reason }, 'the message about the health of the station was refused');
    } else if (result.hasEnded) {
      this.#health.noteEnded(result.reason);
      log.warn(
        { topic, reason: result.reason },
        'the connection ended at the message about the health of the station: it is left out for a day',
      );
    } else this.#health.noteUnacknowledged(result.isStalled === true);
  }

  async #publish(message: Message, signal: AbortSignal, options: Partial<Patience> = {}): Promise<Answer> {
    const { clock } = this.#parts;
    const bytes = Buffer.byteLength(message.payload);
    const { stallMs = this.#limit.stallMs(bytes), isReplaceable = false } = options;
    const sentMs = clock.monotonicMs();
    const result = await this.#publishInTime(message, signal, { stallMs, isReplaceable });
    const tookMs = clock.monotonicMs() - sentMs;
    if (result.kind === 'acknowledged') this.#limit.noteRate(bytes, tookMs);
    if (result.kind !== 'unacknowledged') this.#hasAnswered = true;
    const isLost = result.kind === 'unacknowledged' && result.isStalled !== true && !signal.aborted;
    // A connection on which nothing else was answered ends for another reason; so does one that another client took.
    const isSuspect = this.#hasAnswered || message.topic === this.#statusTopic;
    const isBlamed = isSuspect && this.#parts.publisher.problem() === null;
    return { ...result, tookMs, hasEnded: isLost && isBlamed && tookMs < PROMPT_MS };
  }

  async #publishInTime(
    { topic, payload, retain = false }: Message,
    signal: AbortSignal,
    { stallMs, isReplaceable }: Patience,
  ): Promise<PublishResult> {
    const { clock, publisher } = this.#parts;
    const work = publisher.publish(topic, payload, { retain });
    const result = await withDeadline(clock, { limitMs: stallMs, signal }, work);
    if (result === 'late') {
      const reason = 'nothing is acknowledged';
      if (!isReplaceable) publisher.reconnect(reason);
      return { kind: 'unacknowledged', reason, isStalled: true };
    }
    if (result !== 'ended') return result;
    const farewell = { limitMs: FAREWELL_MS, signal: new AbortController().signal };
    const last = await withDeadline(clock, farewell, work);
    return typeof last === 'string' ? { kind: 'unacknowledged', reason: 'stopping' } : last;
  }

  /** Returns whether the record left its lane. */
  async #deadLetter(retry: LaneRetry, batch: Batch, reason: string): Promise<boolean> {
    try {
      await this.#parts.outbox.deadLetter(batch, reason);
    } catch (error) {
      if (!(error instanceof StorageFullError)) throw error;
      // It stays where it is until there is room to keep it elsewhere.
      retry.noteFailure();
      return false;
    }
    if (batch.lane === 'reading') this.#limit.noteDeadLettered();
    return true;
  }

  async #send(retry: LaneRetry, outgoing: Outgoing, signal: AbortSignal): Promise<void> {
    const result = await this.#publish(outgoing, signal);
    if (result.kind === 'acknowledged') await this.#acknowledge(retry, outgoing, result.tookMs);
    else if (result.kind === 'unacknowledged') this.#noteUnacknowledged(retry, outgoing, result);
    else if (!result.isPermanent) this.#noteRefused(retry, outgoing, result);
    else if (outgoing.lane === 'gap') this.#holdLane(retry, outgoing, result);
    else if (outgoing.batch.count > 1) this.#limit.noteRefused(outgoing.batch.count);
    else {
      this.#suspects.set(outgoing.lane, result);
      if (!(await this.#tryNeighbour(outgoing.lane, retry, signal))) this.#holdLane(retry, outgoing, result);
    }
  }

  /** Whether the record behind one that was refused for good could be sent; what came of it has been dealt with. */
  async #tryNeighbour(lane: RecordLane, retry: LaneRetry, signal: AbortSignal): Promise<boolean> {
    const refused = this.#suspects.get(lane);
    const found = await this.#next.neighbourOf(lane);
    if (refused === undefined || found?.next.kind !== 'send') return false;
    this.#suspects.delete(lane);
    const { outgoing } = found.next;
    const result = await this.#publish(outgoing, signal);
    if (result.kind === 'acknowledged') {
      // Where the refused one cannot be kept elsewhere now, both are sent once more.
      if (await this.#deadLetter(retry, found.head, refused.reason))
        await this.#acknowledge(retry, outgoing, result.tookMs);
    } else if (result.kind === 'unacknowledged') this.#noteUnacknowledged(retry, outgoing, result);
    else if (result.isPermanent) this.#holdLane(retry, outgoing, result);
    else this.#noteRefused(retry, outgoing, result);
    return true;
  }

  async #acknowledge(retry: LaneRetry, outgoing: Outgoing, pubackMs: number): Promise<void> {
    const { clock, onAcknowledged, outbox } = this.#parts;
    const { lane } = outgoing;
    const count = outgoing.lane === 'gap' ? 1 : outgoing.batch.count;
    const { waiting } = outbox.stats().lanes.reading;
    if (outgoing.lane === 'gap') await outbox.acceptGap(outgoing.gap);
    else await outbox.accept(outgoing.batch);
    if (lane === 'reading') {
      this.#limit.noteAcknowledged(count, Buffer.byteLength(outgoing.payload), pubackMs);
      this.#progress.noteDelivered(clock.monotonicMs(), count, waiting);
    }
    if (lane !== 'gap') this.#suspects.delete(lane);
    onAcknowledged?.({ lane, count, pubackMs });
    this.#noteSuccess(retry, outgoing.topic);
  }

  #noteSuccess(retry: LaneRetry, topic: string): void {
    if (retry.noteSuccess()) this.#parts.log.info({ lane: retry.lane, topic }, TAKEN_AGAIN);
  }

  #noteUnacknowledged(retry: LaneRetry, outgoing: Outgoing, result: Unacknowledged): void {
    if (outgoing.lane === 'reading') {
      this.#possibleDuplicates += outgoing.batch.count;
      const bytes = Buffer.byteLength(outgoing.payload);
      if (result.isStalled === true) this.#limit.noteStalled(bytes);
      else this.#limit.noteBroken(bytes);
    }
    this.#noteUnanswered(retry, outgoing.topic, result);
  }

  #noteUnanswered(retry: LaneRetry, topic: string, { reason, hasEnded }: Unacknowledged): void {
    if (!hasEnded) retry.noteUnacknowledged();
    else if (retry.noteEnded(topic, reason))
      this.#parts.log.error(
        { lane: retry.lane, topic, reason },
        'each message on this topic ends the connection; it is tried now and then, the others go on',
      );
  }

  #noteRefused(retry: LaneRetry, { lane, topic }: Outgoing, { reason }: Refused): void {
    if (retry.noteRefused(topic, reason))
      this.#parts.log.warn({ lane, topic, reason }, 'the broker refuses a message; it is sent again');
  }

  #holdLane(retry: LaneRetry, { lane, topic }: Outgoing, { reason }: Refused): void {
    // The next try carries one record.
    if (lane === 'reading') this.#limit.noteRefused(1);
    if (retry.noteHeld(topic, reason))
      this.#parts.log.error(
        { lane, topic, reason },
        'the broker refuses every message for good; they wait and are tried now and then',
      );
  }
}
