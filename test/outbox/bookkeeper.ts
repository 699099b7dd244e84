import { type GapBody, gapBodySchema } from '../../src/outbox/gap.ts';
import type { Lane, Outbox, OutboxRecord, OutboxStats, Position } from '../../src/outbox/outbox.ts';
import { StorageFullError } from '../../src/store/store.ts';
import { isConserved } from '../fakes/outbox-bodies.ts';

type BodyLane = 'reading' | 'prealert';

const nameOf = (lane: string, { epoch, seq }: Position): string => `${lane} ${epoch} ${seq}`;

/** Whatever the disk does, an operation is either carried out or refused as on a full disk. */
const unlessFull = async <Result>(attempt: Promise<Result>): Promise<Result | null> => {
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof StorageFullError) return null;
    throw error;
  }
};

/** Keeps its own account of what went into an outbox and what came out of it in any way. */
export class Bookkeeper {
  readonly complaints: string[] = [];
  readonly #accepted = new Map<string, string>();
  readonly #accountedFor = new Set<string>();
  #pads = 0;

  async append(outbox: Outbox, lane: BodyLane, count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        this.#pads += 1;
        const body = `${this.#pads} ${'x'.repeat((this.#pads * 37) % 300)}`;
        const position = await unlessFull(outbox.append(lane, body));
        if (position !== null) this.#note(nameOf(lane, position), body);
      }),
    );
  }

  async deliver(outbox: Outbox, lane: Lane, count: number): Promise<void> {
    const records = await outbox.peek(lane, { maxRecords: count, maxBytes: 3_000 });
    this.receive(lane, records);
    const last = records.at(-1);
    if (last) await outbox.acknowledge(lane, last);
  }

  async setAside(outbox: Outbox, lane: BodyLane, index: number): Promise<void> {
    const records = await outbox.peek(lane, { maxRecords: index + 1, maxBytes: 100_000 });
    const record = records[index];
    if (record === undefined) return;
    const wasStored = await unlessFull(outbox.setAside(lane, record, 'model').then(() => true));
    if (wasStored) this.#accountedFor.add(nameOf(lane, record));
  }

  async deliverAll(outbox: Outbox): Promise<void> {
    for (const lane of ['prealert', 'reading', 'gap'] as const) {
      while (outbox.stats().lanes[lane].waiting > 0) await this.deliver(outbox, lane, 50);
      await this.deliver(outbox, lane, 50);
    }
  }

  check(stats: OutboxStats, maxBytes: number): void {
    if (!isConserved(stats)) this.complaints.push(`not conserved: ${JSON.stringify(stats)}`);
    const bytes = Object.values(stats.lanes).reduce((sum, { waitingBytes }) => sum + waitingBytes, 0);
    // What is not yet on the disk cannot be given up: one group of appends may be too much.
    if (bytes > maxBytes + 8 * 400) this.complaints.push(`${bytes} bytes wait`);
  }

  /** Readings that neither came out, nor were set aside, nor are told of in a gap. Pre-alerts have no gaps. */
  unaccounted(): string[] {
    return [...this.#accepted.keys()].filter(
      (name) => name.startsWith('reading') && !this.#accountedFor.has(name),
    );
  }

  #note(name: string, body: string): void {
    if (this.#accepted.has(name)) this.complaints.push(`${name} given twice`);
    this.#accepted.set(name, body);
  }

  receive(lane: Lane, records: readonly OutboxRecord[]): void {
    for (const record of records) {
      const name = nameOf(lane, record);
      const expected = this.#accepted.get(name);
      if (lane === 'gap') this.#receiveGap(gapBodySchema.parse(record.body));
      else if (expected !== record.body) this.complaints.push(`${name} is not what was appended`);
      this.#accountedFor.add(name);
    }
    const seqs = records.map(({ epoch, seq }) => `${epoch} ${String(seq).padStart(9, '0')}`);
    if (lane !== 'gap' && new Set(seqs).size !== seqs.length)
      this.complaints.push(`${lane} twice in one peek`);
  }

  #receiveGap({ epoch, fromseq, toseq }: GapBody): void {
    for (let seq = fromseq; seq <= toseq; seq += 1) this.#accountedFor.add(nameOf('reading', { epoch, seq }));
  }
}
