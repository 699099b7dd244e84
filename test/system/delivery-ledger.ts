import { z } from 'zod';

const previous = z.object({ previousepoch: z.string().optional(), previousseq: z.int().optional() });
const reading = previous.loose().extend({ epoch: z.string(), seq: z.int() });
const backlog = z.object({ readings: z.array(reading) });
const gap = previous.extend({ epoch: z.string(), fromseq: z.int(), toseq: z.int() });

export type ArrivedReading = { readonly epoch: string; readonly seq: number };

export type EpochAccount = {
  readonly epoch: string;
  readonly delivered: number;
  readonly duplicates: number;
  /** Readings that arrived for the first time after a later one had. */
  readonly outOfOrder: number;
  readonly toldInGaps: number;
  /** Names under which two different readings arrived. */
  readonly twoOfAName: number;
  /** Up to the given end: neither delivered nor told of. */
  readonly missing: readonly number[];
};

type Epoch = {
  /** What each reading measured. */
  readonly seen: Map<number, string>;
  readonly told: Set<number>;
  /** How far it had got, as the epoch after it says. */
  end: number;
  highest: number;
  duplicates: number;
  outOfOrder: number;
  twoOfAName: number;
};

/** What may be another at a second delivery: who says it stands once in a backlog, and the clock may be right by then. */
const CHANGING: ReadonlySet<string> = new Set([
  'deviceid',
  'datetime',
  'timequality',
  ...Object.keys(previous.shape),
]);

const measuredIn = (rest: object): string =>
  JSON.stringify(Object.entries(rest).filter(([key]) => !CHANGING.has(key)));

/** What arrived from one station, by the only measure that proves a loss: `(epoch, seq)`. */
export class DeliveryLedger {
  readonly #epochs = new Map<string, Epoch>();
  readonly #onFirst: (reading: ArrivedReading) => void;

  /** `onFirst` is told of each reading when it arrives for the first time. */
  constructor(onFirst: (reading: ArrivedReading) => void = () => undefined) {
    this.#onFirst = onFirst;
  }

  take(topic: string, payload: string): void {
    const kind = topic.split('/').at(-1);
    if (kind === 'reading') this.#note(reading.parse(JSON.parse(payload)));
    if (kind === 'backlog') {
      for (const each of backlog.parse(JSON.parse(payload)).readings) this.#note(each);
    }
    if (kind === 'gap') {
      const { epoch, fromseq, toseq, ...rest } = gap.parse(JSON.parse(payload));
      this.#noteEnd(rest);
      for (let seq = fromseq; seq <= toseq; seq += 1) this.#epoch(epoch).told.add(seq);
    }
  }

  delivered(): number {
    return [...this.#epochs.values()].reduce((sum, { seen }) => sum + seen.size, 0);
  }

  epochs(): string[] {
    return [...this.#epochs.keys()];
  }

  /** `lastSeq`: the last reading of the epoch that was accepted; by default the last one heard of. */
  account(name: string, lastSeq?: number): EpochAccount {
    const { seen, told, end: saidEnd, ...counted } = this.#epoch(name);
    const end = Math.max(saidEnd, lastSeq ?? Math.max(0, ...seen.keys(), ...told));
    const all = Array.from({ length: end }, (_, index) => index + 1);
    return {
      epoch: name,
      delivered: seen.size,
      duplicates: counted.duplicates,
      outOfOrder: counted.outOfOrder,
      twoOfAName: counted.twoOfAName,
      toldInGaps: told.size,
      missing: all.filter((seq) => !seen.has(seq) && !told.has(seq)),
    };
  }

  #epoch(name: string): Epoch {
    const epoch = this.#epochs.get(name) ?? {
      seen: new Map<number, string>(),
      told: new Set<number>(),
      end: 0,
      highest: 0,
      duplicates: 0,
      outOfOrder: 0,
      twoOfAName: 0,
    };
    this.#epochs.set(name, epoch);
    return epoch;
  }

  #noteEnd({ previousepoch, previousseq = 0 }: z.infer<typeof previous>): void {
    if (previousepoch === undefined) return;
    const epoch = this.#epoch(previousepoch);
    epoch.end = Math.max(epoch.end, previousseq);
  }

  #note({ epoch: name, seq, ...rest }: z.infer<typeof reading>): void {
    this.#noteEnd(rest);
    const epoch = this.#epoch(name);
    const measured = measuredIn(rest);
    const before = epoch.seen.get(seq);
    if (before === undefined) {
      if (seq < epoch.highest) epoch.outOfOrder += 1;
      this.#onFirst({ epoch: name, seq });
    } else {
      epoch.duplicates += 1;
      if (before !== measured) epoch.twoOfAName += 1;
    }
    epoch.seen.set(seq, measured);
    epoch.highest = Math.max(epoch.highest, seq);
  }
}
