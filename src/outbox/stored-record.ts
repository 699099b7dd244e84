import type { JsonValue } from './outbox.ts';
import { seal, unseal } from './sealed.ts';

/**
 * What lies under a record's key. `accepted`: a body, and the bytes its lane had accepted with it, so that the newest
 * record alone tells how much waits. `taken`: this and the following places up to `until` hold nothing any more and
 * have been accounted for; it keeps a hole that is known apart from one that damage made.
 */
export type StoredRecord =
  | { readonly kind: 'accepted'; readonly json: string; readonly acceptedBytes: number }
  | { readonly kind: 'taken'; readonly until: number };

/** Key, checksum and counter of a record, about. */
const OVERHEAD_BYTES = 96;

/** What a record adds to the size of the outbox. */
export const recordBytes = (json: string): number => Buffer.byteLength(json) + OVERHEAD_BYTES;

export const encodeRecord = (key: string, record: StoredRecord): string =>
  seal(key, record.kind === 'accepted' ? `${record.acceptedBytes} ${record.json}` : `taken ${record.until}`);

/** `null` when the record is damaged. */
export const decodeRecord = (key: string, value: string): StoredRecord | null => {
  const text = unseal(key, value);
  if (text === null) return null;
  const space = text.indexOf(' ');
  const head = text.slice(0, space);
  const rest = text.slice(space + 1);
  return head === 'taken'
    ? { kind: 'taken', until: Number(rest) }
    : { kind: 'accepted', json: rest, acceptedBytes: Number(head) };
};

export const parseBody = (json: string): JsonValue => JSON.parse(json);
