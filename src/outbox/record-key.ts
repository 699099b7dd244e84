import type { KeyRange } from '../store/store.ts';

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

export const later = (left: RecordKey, right: RecordKey): RecordKey => (isBefore(left, right) ? right : left);

export const laneRange = (lane: string): KeyRange => ({
  from: `outbox/${lane}/`,
  until: `outbox/${lane}0`,
});

/** All records of one epoch of a lane, from `seq` on. */
export const epochRange = (lane: string, key: RecordKey): KeyRange => ({
  from: recordKey(lane, key),
  until: `outbox/${lane}/${key.epoch}0`,
});
