import { z } from 'zod';
import type { Publisher } from '../mqtt/publisher.ts';
import type { Batch } from '../outbox/batch.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Gap, Lane, OutboxRecord, RecordLane, TimeOf } from '../outbox/records.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';
import {
  BACKLOG_MAX_BYTES,
  formatDatetime,
  type GapMessage,
  previousReading,
  readingMessage,
  type StatusMessage,
  type Topics,
} from '../weather/message.ts';
import { perStandardQuantity } from '../weather/quantities.ts';
import type { Instant, Stamp } from '../weather/reading.ts';
import type { BatchLimit, ClockHold } from './pacing.ts';

/** What the lanes of the outbox hold. A store outlives the release that wrote it, so bodies are checked. */

const instantSchema = z.object({
  bootId: z.string(),
  monotonicMs: z.number(),
  wallMs: z.number(),
  synchronized: z.boolean(),
});

const value = z.number().nullable();

/** What another release measured and this one does not know is passed on, if it is a number. */
const valuesSchema = z.object(perStandardQuantity(() => value.default(null))).catchall(value.catch(null));

export const readingBodySchema = z.object({
  at: instantSchema,
  values: valuesSchema,
  quality: z.record(z.string(), z.string()),
});

/** All but the moment goes out as it is: the rule that raised it knows best. */
const preAlertBodySchema = z.looseObject({ at: instantSchema });

/** When a stored record was taken: the times of a gap. */
export const timeOf: TimeOf = (body) => {
  const { success, data } = preAlertBodySchema.safeParse(body);
  return success ? data.at : null;
};

type OnlineStatusParts = {
  readonly deviceid: string;
  readonly version: string;
  readonly outbox: Pick<Outbox, 'stats'>;
  readonly publisher: Pick<Publisher, 'problem'>;
  readonly timeKeeper: Pick<TimeKeeper, 'now' | 'stampOf'>;
};

/** What the station says of itself on every new connection. */
export const onlineStatus = ({
  deviceid,
  version,
  outbox,
  publisher,
  timeKeeper,
}: OnlineStatusParts): StatusMessage => {
  const { epoch, lanes } = outbox.stats();
  const problem = publisher.problem();
  const { wallMs } = timeKeeper.stampOf(timeKeeper.now());
  return {
    deviceid,
    state: 'online',
    datetime: formatDatetime(wallMs),
    epoch,
    version,
    waiting: lanes.reading.waiting,
    ...(problem === null ? {} : { problem }),
  };
};

/** One MQTT message, and what it carries and is given back once it is acknowledged. */
export type Outgoing = { readonly topic: string; readonly payload: string } & (
  | { readonly lane: RecordLane; readonly batch: Batch }
  | { readonly lane: 'gap'; readonly gap: Gap }
);

/** The record at the head of its lane, which can never be sent. */
type Unsendable = { readonly batch: Batch; readonly reason: string };

/** `held`: the head waits for the clock. `lost`: nothing of the batch can be read. */
export type Next =
  | { readonly kind: 'send'; readonly outgoing: Outgoing }
  | { readonly kind: 'unsendable'; readonly unsendable: Unsendable }
  | { readonly kind: 'lost'; readonly batch: Batch }
  | { readonly kind: 'held' };

type OutgoingParts = {
  readonly deviceid: string;
  readonly topics: Topics;
  readonly stampOf: (at: Instant) => Stamp;
};

type ReadingsWish = {
  /** Whether nothing but the first of these records waits. */
  readonly isOnlyOne: boolean;
  readonly maxBytes: number;
  /** Whether a reading with this stamp should wait for a better one. */
  readonly isHeld: (stamp: Stamp) => boolean;
};

const unsendable = (batch: Batch, reason: string): Next => ({
  kind: 'unsendable',
  unsendable: { batch: batch.first(1), reason },
});

const UNREADABLE = 'the stored record cannot be read';
const TOO_LARGE = `larger than ${BACKLOG_MAX_BYTES} bytes`;

/** Of `{"readings":[]}`. */
const ENVELOPE_BYTES = 15;

/** Makes messages out of records. Payloads are bounded by what AWS IoT Core takes. */
export class OutgoingMessages {
  readonly #parts: OutgoingParts;

  constructor(parts: OutgoingParts) {
    this.#parts = parts;
  }

  /** As many of the readings as go into one message: a single one on its own topic when no other waits. */
  readings(batch: Batch, wish: ReadingsWish): Next {
    const [first, ...others] = batch.records;
    if (first === undefined) return { kind: 'lost', batch };
    const head = this.#reading(first, wish);
    if (head.kind === 'held') return head;
    if (head.kind === 'unsendable') return unsendable(batch, head.reason);
    const messages = [head.json];
    let bytes = ENVELOPE_BYTES + head.bytes;
    for (const record of others) {
      const message = this.#reading(record, wish);
      if (message.kind !== 'message' || bytes + 1 + message.bytes > wish.maxBytes) break;
      bytes += 1 + message.bytes;
      messages.push(message.json);
    }
    const { topics } = this.#parts;
    // Another may have been appended since `isOnlyOne` was found true.
    const carrier =
      wish.isOnlyOne && messages.length === 1
        ? { topic: topics.reading, payload: head.json }
        : { topic: topics.backlog, payload: `{"readings":[${messages.join()}]}` };
    return {
      kind: 'send',
      outgoing: { lane: 'reading', ...carrier, batch: batch.first(messages.length) },
    };
  }

  /** Alerts go one by one, and never wait for the clock: late is worse than estimated. */
  preAlert(batch: Batch): Next {
    const [record] = batch.records;
    if (record === undefined) return { kind: 'lost', batch };
    const message = this.#preAlert(record);
    if (message === null) return unsendable(batch, UNREADABLE);
    const payload = JSON.stringify(message);
    if (Buffer.byteLength(payload) > BACKLOG_MAX_BYTES) return unsendable(batch, TOO_LARGE);
    const topic = this.#parts.topics.prealert;
    return { kind: 'send', outgoing: { lane: 'prealert', topic, payload, batch: batch.first(1) } };
  }

  gap(gap: Gap): Next {
    const payload = JSON.stringify(this.#gapMessage(gap));
    return { kind: 'send', outgoing: { lane: 'gap', topic: this.#parts.topics.gap, payload, gap } };
  }

  #reading({ epoch, seq, body, previous }: OutboxRecord, { isHeld }: ReadingsWish) {
    const measurement = readingBodySchema.safeParse(body);
    if (!measurement.success) return { kind: 'unsendable', reason: UNREADABLE } as const;
    const stamp = this.#parts.stampOf(measurement.data.at);
    if (isHeld(stamp)) return { kind: 'held' } as const;
    const identity = { deviceid: this.#parts.deviceid, epoch, seq, previous };
    const json = JSON.stringify(readingMessage(identity, measurement.data, stamp));
    const bytes = Buffer.byteLength(json);
    return ENVELOPE_BYTES + bytes > BACKLOG_MAX_BYTES
      ? ({ kind: 'unsendable', reason: TOO_LARGE } as const)
      : ({ kind: 'message', json, bytes } as const);
  }

  #preAlert({ epoch, seq, body }: OutboxRecord): object | null {
    const event = preAlertBodySchema.safeParse(body);
    if (!event.success) return null;
    const { at, ...rest } = event.data;
    const { wallMs, timequality } = this.#parts.stampOf(at);
    const { deviceid } = this.#parts;
    return { deviceid, epoch, seq, datetime: formatDatetime(wallMs), timequality, ...rest };
  }

  #gapMessage({ epoch, fromseq, toseq, count, from, to, reason, previous }: Gap): GapMessage {
    const datetimeOf = (at: Instant | null): string | null =>
      at === null ? null : formatDatetime(this.#parts.stampOf(at).wallMs);
    const { deviceid } = this.#parts;
    return {
      deviceid,
      epoch,
      fromseq,
      toseq,
      count,
      from: datetimeOf(from),
      to: datetimeOf(to),
      reason,
      ...previousReading(previous),
    };
  }
}

type NextMessageParts = {
  readonly outbox: Pick<Outbox, 'stats' | 'take' | 'gaps'>;
  readonly messages: OutgoingMessages;
  readonly limit: BatchLimit;
  readonly hold: ClockHold;
};

/** Stored bodies are larger than the messages made of them. */
const TAKE_BYTES_FACTOR = 2;

/** Makes the messages of the lanes. */
export class NextMessage {
  readonly #parts: NextMessageParts;

  constructor(parts: NextMessageParts) {
    this.#parts = parts;
  }

  /** The next message of a lane; `null` when nothing waits there. */
  async of(lane: Lane): Promise<Next | null> {
    const { outbox, messages, limit } = this.#parts;
    if (lane === 'gap') {
      const [gap] = outbox.gaps();
      return gap === undefined ? null : messages.gap(gap);
    }
    const isOnlyOne = outbox.stats().lanes.reading.waiting === 1;
    const maxRecords = lane === 'reading' ? limit.maxRecords() : 1;
    const maxBytes = limit.maxBytes() * TAKE_BYTES_FACTOR;
    const batch = await outbox.take(lane, { maxRecords, maxBytes });
    return batch && this.#from(batch, isOnlyOne);
  }

  /** The head of a lane and the message of the record behind it; `null` unless both are there and can be sent. */
  async neighbourOf(lane: RecordLane): Promise<{ readonly head: Batch; readonly next: Next } | null> {
    const maxBytes = Number.POSITIVE_INFINITY;
    const batch = await this.#parts.outbox.take(lane, { maxRecords: 2, maxBytes });
    if (batch === null || batch.count < 2) return null;
    return { head: batch.first(1), next: this.#from(batch.after(1), false) };
  }

  #from(batch: Batch, isOnlyOne: boolean): Next {
    const { messages, limit, hold } = this.#parts;
    if (batch.lane === 'prealert') return messages.preAlert(batch);
    const maxBytes = limit.maxBytes();
    return messages.readings(batch, { isOnlyOne, maxBytes, isHeld: (stamp) => hold.isHeld(stamp) });
  }
}
