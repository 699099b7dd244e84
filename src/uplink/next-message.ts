import type { Batch } from '../outbox/batch.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Lane, RecordLane } from '../outbox/records.ts';
import type { BatchLimit } from './batch-limit.ts';
import type { Next, OutgoingMessages } from './outgoing.ts';
import type { ClockHold } from './send-schedule.ts';

export type NextMessageParts = {
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
