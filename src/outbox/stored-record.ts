import { addChecksum, verifyChecksum } from './checksum.ts';
import type { JsonValue } from './records.ts';

/**
 * What lies under a record's key. `accepted`: a body, and the bytes its lane had accepted with it, so that the newest
 * record alone tells how much waits. `taken`: releases before 0.2 wrote it in the place of records that left from
 * the middle of a lane; nothing waits from here up to and including `until`.
 */
export type StoredRecord =
  | { readonly kind: 'accepted'; readonly json: string; readonly acceptedBytes: number }
  | { readonly kind: 'taken'; readonly until: number };

/** Key, checksum and counter of a record, about. */
const OVERHEAD_BYTES = 96;

/** What a record adds to the size of the outbox. */
export const recordBytes = (json: string): number => Buffer.byteLength(json) + OVERHEAD_BYTES;

export const encodeRecord = (key: string, json: string, acceptedBytes: number): string =>
  addChecksum(key, `${acceptedBytes} ${json}`);

/** `null` when the record is damaged. */
export const decodeRecord = (key: string, value: string): StoredRecord | null => {
  const text = verifyChecksum(key, value);
  if (text === null) return null;
  const space = text.indexOf(' ');
  const head = text.slice(0, space);
  const rest = text.slice(space + 1);
  return head === 'taken'
    ? { kind: 'taken', until: Number(rest) }
    : { kind: 'accepted', json: rest, acceptedBytes: Number(head) };
};

export const parseBody = (json: string): JsonValue => JSON.parse(json);
