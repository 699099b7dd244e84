import { crc32 } from 'node:zlib';
import type { JsonValue } from './records.ts';

const CHECKSUM_DIGITS = 8;

const checksum = (key: string, text: string): string =>
  crc32(`${key}${text}`).toString(16).padStart(CHECKSUM_DIGITS, '0');

/** A value that shows whether it is still what was written under this key: LevelDB does not look on its own. */
export const addChecksum = (key: string, text: string): string => `${checksum(key, text)} ${text}`;

/** The text, or `null` when the value was damaged or belongs to another key. */
export const verifyChecksum = (key: string, value: string): string | null => {
  const text = value.slice(CHECKSUM_DIGITS + 1);
  return value === addChecksum(key, text) ? text : null;
};

/**
 * What lies under a record's key. `accepted`: a body, and the bytes its lane had accepted with it, so that the newest
 * record alone tells how much waits. `taken`: nothing waits from here up to and including `until`; these records left
 * before the store could be opened, or, in release 0.1.0, from the middle of a lane.
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

export const encodeTaken = (key: string, until: number): string => addChecksum(key, `taken ${until}`);

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
