import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type { KeyRange, Store, StoreChange } from '../store/store.ts';
import { type JsonValue, lanes } from './records.ts';

/**
 * An epoch as keys spell it: a number that counts the epochs of this store, then the ULID that the cloud sees.
 * The ULID alone would not do: it begins with a wall clock that may have been wrong.
 */
export type EpochKey = string;

/** The position of a record in its lane; it sorts as the record's key on the disk does. */
export type RecordKey = { readonly epoch: EpochKey; readonly seq: number };

/** Before every record of a lane. */
export const LOWEST_KEY: RecordKey = { epoch: '000000-00000000000000000000000000', seq: 1 };

/** From one key up to and without another. */
export type KeySpan = { readonly from: RecordKey; readonly until: RecordKey };

const ORDINAL_DIGITS = 6;
/** Digits before letters, so that the ordinals order as text. */
const ORDINAL_BASE = 36;
const SEQ_DIGITS = 16;
const RECORD_KEY = /^outbox\/[a-z]+\/([0-9A-Z]{6}-[0-9A-Z]{26})\/(\d{16})$/;

export const firstEpochKey = (epoch: string): EpochKey => `${'1'.padStart(ORDINAL_DIGITS, '0')}-${epoch}`;

/** Decimal as long as six digits last, which is all that release 0.1.0 reads; then with letters in front. */
const nextOrdinal = (ordinal: string): string => {
  if (ordinal === '999999') return 'A00000';
  const base = ordinal < 'A' ? 10 : ORDINAL_BASE;
  return (Number.parseInt(ordinal, base) + 1).toString(base).toUpperCase().padStart(ORDINAL_DIGITS, '0');
};

export const nextEpochKey = (key: EpochKey, epoch: string): EpochKey =>
  `${nextOrdinal(key.slice(0, ORDINAL_DIGITS))}-${epoch}`;

export const epochOf = (key: EpochKey): string => key.slice(ORDINAL_DIGITS + 1);

export const recordKey = (lane: string, { epoch, seq }: RecordKey): string =>
  `outbox/${lane}/${epoch}/${String(seq).padStart(SEQ_DIGITS, '0')}`;

/** `null` for a key that no record was ever written under. */
export const parseRecordKey = (key: string): RecordKey | null => {
  const [, epoch, seq] = RECORD_KEY.exec(key) ?? [];
  return epoch === undefined || seq === undefined ? null : { epoch, seq: Number(seq) };
};

export const isBefore = (left: RecordKey, right: RecordKey): boolean =>
  left.epoch === right.epoch ? left.seq < right.seq : left.epoch < right.epoch;

export const laneRange = (lane: string): KeyRange => ({
  from: `outbox/${lane}/`,
  until: `outbox/${lane}0`,
});

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

export const jsonChange = (key: string, value: unknown): StoreChange => ({
  key,
  value: addChecksum(key, JSON.stringify(value)),
});

/**
 * What lies under a record's key. `accepted`: a body, and the bytes its lane had accepted with it, so that the newest
 * record alone tells how much waits. `taken`: nothing waits from here up to and including `until`; these records left
 * before the store could be opened, or, in release 0.1.0, from the middle of a lane.
 */
type StoredRecord =
  | { readonly kind: 'accepted'; readonly json: string; readonly acceptedBytes: number }
  | { readonly kind: 'taken'; readonly until: number };

/** Key, checksum and counter of a record, about. */
export const OVERHEAD_BYTES = 96;

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

const deadLetterSchema = z.object({
  lane: z.enum(lanes),
  epoch: z.string(),
  seq: z.int(),
  reason: z.string(),
  body: z.json(),
});

/** What is kept of a record that can never be sent. */
export type DeadLetter = Readonly<Omit<z.infer<typeof deadLetterSchema>, 'body'>> & {
  readonly body: JsonValue;
};

const DEAD_LETTER_LANE = 'aside';

/** All of them have one epoch, so that their numbers never repeat in the life of the store. */
export const deadLetterKey = (number: number): string =>
  recordKey(DEAD_LETTER_LANE, { ...LOWEST_KEY, seq: number });

/** Oldest first; damaged ones are passed over. */
export const readDeadLetters = async (store: Pick<Store, 'entries'>): Promise<readonly DeadLetter[]> =>
  (await store.entries(laneRange(DEAD_LETTER_LANE))).flatMap(([key, value]) => {
    const text = verifyChecksum(key, value);
    return text === null ? [] : [deadLetterSchema.parse(JSON.parse(text))];
  });
