import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { decodeLedger, encodeLedger, type Ledger, lanesSchema } from './ledger.ts';
import { addChecksum, verifyChecksum } from './stored-record.ts';

/**
 * A copy of the ledger outside the store. LevelDB takes a log that was cut short for a crash and goes back in time
 * without a word: readings that were stored would be missing, and nothing would know of them. Written after each
 * commit and never flushed, the mark may be behind the store and never ahead of it: a store behind its mark has lost
 * something. It gives the ledger, too, where that is damaged or the whole store is gone.
 */
export type LedgerMark = {
  /** `null` when there is none, or none that can be read. */
  read(): Ledger | null;
  /** `hasOnlyGrown`: nothing but the lanes changed since the last call. */
  note(ledger: Ledger, hasOnlyGrown: boolean): void;
  close(): void;
};

const NAME = 'lanes';
/** The lanes have a place of their own at the front, so that an append writes no more than that. */
const LANES_BYTES = 1024;

const encodeLanes = ({ epoch, lanes }: Ledger): string =>
  addChecksum(NAME, JSON.stringify({ epoch, lanes })).padEnd(LANES_BYTES);

const decode = (text: string): Ledger | null => {
  const whole = decodeLedger(text.slice(LANES_BYTES));
  const front = verifyChecksum(NAME, text.slice(0, LANES_BYTES).trimEnd());
  const newer = front === null ? null : lanesSchema.parse(JSON.parse(front));
  return whole !== null && newer?.epoch === whole.epoch ? { ...whole, lanes: newer.lanes } : whole;
};

const attempt = <Value>(action: () => Value): Value | null => {
  try {
    return action();
  } catch {
    return null;
  }
};

/** A mark in a file. It only ever warns, so that whatever is wrong with it is passed over. */
export const openLedgerMark = (path: string): LedgerMark => {
  let descriptor: number | null = null;
  let isWhole = false;
  return {
    read: () => attempt(() => decode(readFileSync(path, 'utf8'))),
    note: (ledger, hasOnlyGrown) => {
      descriptor ??= attempt(() => openSync(path, 'r+')) ?? attempt(() => openSync(path, 'w'));
      const file = descriptor;
      if (file === null) return;
      const isFrontEnough = isWhole && hasOnlyGrown;
      const text = encodeLanes(ledger) + (isFrontEnough ? '' : encodeLedger(ledger));
      const isWritten = attempt(() => {
        writeSync(file, text, 0);
        if (!isFrontEnough) ftruncateSync(file, text.length);
      });
      isWhole = isWritten !== null;
    },
    close: () => {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
    },
  };
};
