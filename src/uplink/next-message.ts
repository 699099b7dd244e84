import type { Outbox } from '../outbox/outbox.ts';
import type { BatchLimit } from './batch-limit.ts';
import type { ClockHold } from './clock-hold.ts';
import type { Next, OutgoingMessages } from './outgoing.ts';

export type NextMessageParts = {
  readonly outbox: Pick<Outbox, 'stats' | 'take' | 'gaps'>;
  readonly messages: OutgoingMessages;
  readonly limit: BatchLimit;
  readonly hold: ClockHold;
};

/** Stored bodies are larger than the messages made of them. */
const TAKE_BYTES_FACTOR = 2;

/** What is to be sent next: pre-alerts, then gaps, then readings; `null` when nothing waits. */
export const nextMessage = async (parts: NextMessageParts): Promise<Next | null> => {
  const { outbox, messages, limit, hold } = parts;
  const preAlert = await outbox.take('prealert', { maxRecords: 1, maxBytes: 1 });
  if (preAlert !== null) return messages.preAlert(preAlert);
  const [gap] = outbox.gaps();
  if (gap !== undefined) return messages.gap(gap);
  const isOnlyOne = outbox.stats().lanes.reading.waiting === 1;
  const maxBytes = limit.maxBytes();
  const batch = await outbox.take('reading', {
    maxRecords: limit.maxRecords(),
    maxBytes: maxBytes * TAKE_BYTES_FACTOR,
  });
  return batch === null
    ? null
    : messages.readings(batch, { isOnlyOne, maxBytes, isHeld: (stamp) => hold.isHeld(stamp) });
};
