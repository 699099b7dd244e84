import { gapBodySchema } from '../outbox/gap.ts';
import type { Lane, OutboxRecord, Position } from '../outbox/outbox.ts';
import {
  BACKLOG_MAX_BYTES,
  formatDatetime,
  type GapMessage,
  readingMessage,
  type Topics,
} from '../weather/message.ts';
import type { Instant, Stamp } from '../weather/reading.ts';
import { preAlertBodySchema, readingBodySchema } from './stored-bodies.ts';

/** One MQTT message and the records it carries: `upTo` and all before it in its lane. */
export type Outgoing = {
  readonly lane: Lane;
  readonly topic: string;
  readonly payload: string;
  readonly upTo: Position;
  readonly count: number;
};

/** The record at the head of its lane, which can never be sent. */
export type Unsendable = { readonly lane: Lane; readonly position: Position; readonly reason: string };

/** `held`: the head waits for the clock. */
export type Next =
  | { readonly kind: 'send'; readonly outgoing: Outgoing }
  | { readonly kind: 'unsendable'; readonly unsendable: Unsendable }
  | { readonly kind: 'held' };

export type OutgoingParts = {
  readonly deviceid: string;
  readonly topics: Topics;
  readonly stampOf: (at: Instant) => Stamp;
};

export type ReadingsWish = {
  /** Whether nothing but the first of these records waits. */
  readonly isOnlyOne: boolean;
  readonly maxBytes: number;
  /** Whether a reading with this stamp should wait for a better one. */
  readonly isHeld: (stamp: Stamp) => boolean;
};

const unsendable = (lane: Lane, record: OutboxRecord, reason: string): Next => ({
  kind: 'unsendable',
  unsendable: { lane, position: positionOf(record), reason },
});

const positionOf = ({ epoch, seq }: OutboxRecord): Position => ({ epoch, seq });

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
  readings(records: readonly [OutboxRecord, ...OutboxRecord[]], wish: ReadingsWish): Next {
    const [first, ...others] = records;
    const head = this.#reading(first, wish);
    if (head.kind === 'held') return head;
    if (head.kind === 'unsendable') return unsendable('reading', first, head.reason);
    const messages = [head.json];
    let bytes = ENVELOPE_BYTES + head.bytes;
    let last = first;
    for (const record of others) {
      const message = this.#reading(record, wish);
      if (message.kind !== 'message' || bytes + 1 + message.bytes > wish.maxBytes) break;
      bytes += 1 + message.bytes;
      messages.push(message.json);
      last = record;
    }
    const { topics } = this.#parts;
    // Another may have been appended since `isOnlyOne` was found true.
    const carrier =
      wish.isOnlyOne && messages.length === 1
        ? { topic: topics.reading, payload: head.json }
        : { topic: topics.backlog, payload: `{"readings":[${messages.join()}]}` };
    const upTo = positionOf(last);
    return { kind: 'send', outgoing: { lane: 'reading', ...carrier, upTo, count: messages.length } };
  }

  /** Alerts and gaps go one by one. An alert never waits for the clock: late is worse than estimated. */
  single(lane: 'prealert' | 'gap', record: OutboxRecord): Next {
    const message = lane === 'prealert' ? this.#preAlert(record) : this.#gap(record);
    if (message === null) return unsendable(lane, record, UNREADABLE);
    const payload = JSON.stringify(message);
    if (Buffer.byteLength(payload) > BACKLOG_MAX_BYTES) return unsendable(lane, record, TOO_LARGE);
    const upTo = positionOf(record);
    return {
      kind: 'send',
      outgoing: { lane, topic: this.#parts.topics[lane], payload, upTo, count: 1 },
    };
  }

  #reading({ epoch, seq, body }: OutboxRecord, { isHeld }: ReadingsWish) {
    const measurement = readingBodySchema.safeParse(body);
    if (!measurement.success) return { kind: 'unsendable', reason: UNREADABLE } as const;
    const stamp = this.#parts.stampOf(measurement.data.at);
    if (isHeld(stamp)) return { kind: 'held' } as const;
    const identity = { deviceid: this.#parts.deviceid, epoch, seq };
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

  #gap({ body }: OutboxRecord): GapMessage | null {
    const gap = gapBodySchema.safeParse(body);
    if (!gap.success) return null;
    const { epoch, fromseq, toseq, count, from, to, reason } = gap.data;
    const datetimeOf = (at: Instant | null): string | null =>
      at === null ? null : formatDatetime(this.#parts.stampOf(at).wallMs);
    const { deviceid } = this.#parts;
    return { deviceid, epoch, fromseq, toseq, count, from: datetimeOf(from), to: datetimeOf(to), reason };
  }
}
