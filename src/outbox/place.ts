import type { KeyRange } from '../store/store.ts';
import type { Lane } from './outbox.ts';

/**
 * An epoch as keys spell it: a number that counts the epochs of this store, then the ULID that the cloud sees.
 * The ULID alone would not do: it begins with a wall clock that may have been wrong.
 */
export type EpochKey = string;

/** Where a record lies in its lane; places order as their keys do. */
export type Place = { readonly epoch: EpochKey; readonly seq: number };

/** `aside` holds what was set aside. */
export type StoredLane = Lane | 'aside';

const ORDINAL_DIGITS = 6;
const SEQ_DIGITS = 16;
const RECORD_KEY = /^outbox\/[a-z]+\/(\d{6}-[0-9A-Z]{26})\/(\d{16})$/;

/** Everything the outbox keeps lies below this prefix. */
export const outboxRange: KeyRange = { from: 'outbox/', until: 'outbox0' };

export const epochKey = (ordinal: number, epoch: string): EpochKey =>
  `${String(ordinal).padStart(ORDINAL_DIGITS, '0')}-${epoch}`;

export const epochOf = (key: EpochKey): string => key.slice(ORDINAL_DIGITS + 1);

export const ordinalOf = (key: EpochKey): number => Number(key.slice(0, ORDINAL_DIGITS));

export const recordKey = (lane: StoredLane, { epoch, seq }: Place): string =>
  `outbox/${lane}/${epoch}/${String(seq).padStart(SEQ_DIGITS, '0')}`;

export const laneRange = (lane: StoredLane): KeyRange => ({
  from: `outbox/${lane}/`,
  until: `outbox/${lane}0`,
});

/** `null` for a key that no record was ever written under. */
export const placeOfKey = (key: string): Place | null => {
  const [, epoch, seq] = RECORD_KEY.exec(key) ?? [];
  return epoch === undefined || seq === undefined ? null : { epoch, seq: Number(seq) };
};

export const isBefore = (left: Place, right: Place): boolean =>
  left.epoch === right.epoch ? left.seq < right.seq : left.epoch < right.epoch;

/** All records of one epoch of a lane, from `seq` on. */
export const epochRange = (lane: StoredLane, { epoch, seq }: Place): KeyRange => ({
  from: recordKey(lane, { epoch, seq }),
  until: `outbox/${lane}/${epoch}0`,
});
