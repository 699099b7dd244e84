import type { Outbox } from '../outbox/outbox.ts';
import type { BatchLimit } from './batch-limit.ts';
import type { ClockHold } from './clock-hold.ts';
import type { Next, OutgoingMessages } from './outgoing.ts';

export type NextMessageParts = {
  readonly outbox: Pick<Outbox, 'stats' | 'peek'>;
  readonly messages: OutgoingMessages;
  readonly limit: BatchLimit;
  readonly hold: ClockHold;
};

/** Stored bodies are larger than the messages made of them. */
const PEEK_BYTES_FACTOR = 2;

/** What is to be sent next: pre-alerts, then gaps, then readings; `null` when nothing waits. */
export const nextMessage = async (parts: NextMessageParts): Promise<Next | null> => {
  const { outbox, messages, limit, hold } = parts;
  const { lanes } = outbox.stats();
  for (const lane of ['prealert', 'gap'] as const) {
    if (lanes[lane].waiting === 0) continue;
    const [record] = await outbox.peek(lane, { maxRecords: 1, maxBytes: 1 });
    if (record) return messages.single(lane, record);
  }
  if (lanes.reading.waiting === 0) return null;
  const maxBytes = limit.maxBytes();
  const [first, ...others] = await outbox.peek('reading', {
    maxRecords: limit.maxRecords(),
    maxBytes: maxBytes * PEEK_BYTES_FACTOR,
  });
  if (!first) return null;
  return messages.readings([first, ...others], {
    isOnlyOne: lanes.reading.waiting === 1,
    maxBytes,
    isHeld: (stamp) => hold.isHeld(stamp),
  });
};
