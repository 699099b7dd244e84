import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { z } from 'zod';
import type { Ledger } from './ledger.ts';
import { seal, unseal } from './sealed.ts';

const extentSchema = z.strictObject({
  /** The oldest place of this epoch that may wait, or that a waiting gap tells of. */
  head: z.int().min(1),
  nextSeq: z.int().min(1),
});
const highWaterSchema = z.strictObject({
  epoch: z.string(),
  lanes: z.strictObject({ reading: extentSchema, prealert: extentSchema, gap: extentSchema }),
});

/** How far the current epoch had got. */
export type HighWater = Readonly<z.infer<typeof highWaterSchema>>;

/**
 * A mark outside the store. LevelDB takes a log that was cut short for a crash and goes back in time without a word,
 * and numbers would be given a second time to other readings. Written after each commit and never flushed, the mark
 * may be behind the store and never ahead of it: a store behind its mark has lost something.
 */
export type HighWaterMark = {
  /** `null` when there is none, or none that can be read. */
  read(): HighWater | null;
  note(highWater: HighWater): void;
  close(): void;
};

export const highWaterOf = ({ epoch, lanes, untold }: Ledger): HighWater => {
  const extentOf = ({ head, nextSeq }: Ledger['lanes']['reading']) => ({
    head: head.epoch === epoch ? head.seq : 1,
    nextSeq,
  });
  const reading = extentOf(lanes.reading);
  const untoldSeq = untold?.epoch === epoch ? untold.seq : reading.head;
  return {
    epoch,
    lanes: {
      reading: { ...reading, head: Math.min(reading.head, untoldSeq) },
      prealert: extentOf(lanes.prealert),
      gap: extentOf(lanes.gap),
    },
  };
};

const NAME = 'high-water';
/** A constant size, so that a write touches the data and nothing else of the file. */
const FILE_BYTES = 512;

export const encodeHighWater = (highWater: HighWater): string =>
  seal(NAME, JSON.stringify(highWater)).padEnd(FILE_BYTES);

export const decodeHighWater = (text: string): HighWater | null => {
  const unsealed = unseal(NAME, text.trimEnd());
  return unsealed === null ? null : highWaterSchema.parse(JSON.parse(unsealed));
};

/** A mark in a file of its own. It only ever warns, so that whatever is wrong with it is passed over. */
export const openHighWaterFile = (path: string): HighWaterMark => {
  let descriptor: number | null = null;
  let noted = '';

  const attempt = <Value>(action: () => Value): Value | null => {
    try {
      return action();
    } catch {
      return null;
    }
  };

  return {
    read: () => attempt(() => decodeHighWater(readFileSync(path, 'utf8'))),
    note: (highWater) => {
      const text = encodeHighWater(highWater);
      if (text === noted) return;
      descriptor ??= attempt(() => openSync(path, 'r+')) ?? attempt(() => openSync(path, 'w'));
      const file = descriptor;
      if (file !== null && attempt(() => writeSync(file, text, 0)) !== null) noted = text;
    },
    close: () => {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
    },
  };
};
