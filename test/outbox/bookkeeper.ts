import type { Outbox } from '../../src/outbox/outbox.ts';
import {
  type Gap,
  type OutboxRecord,
  type OutboxStats,
  type RecordId,
  type RecordLane,
  recordLanes,
} from '../../src/outbox/records.ts';
import { StorageFullError } from '../../src/store/store.ts';
import { isConserved } from '../fakes/outbox-bodies.ts';

const nameOf = (lane: string, { epoch, seq }: RecordId): string => `${lane} ${epoch} ${seq}`;

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

  async append(outbox: Outbox, lane: RecordLane, count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        this.#pads += 1;
        const body = `${this.#pads} ${'x'.repeat((this.#pads * 37) % 300)}`;
        const position = await unlessFull(outbox.append(lane, body));
        if (position !== null) this.#note(nameOf(lane, position), body);
      }),
    );
  }

  /** Delivers up to `count` records and accepts them, as many of them as `accepted` says. */
  async deliver(outbox: Outbox, lane: RecordLane, count: number, accepted = count): Promise<void> {
    const batch = await outbox.take(lane, { maxRecords: count, maxBytes: 3_000 });
    if (batch === null) return;
    this.receive(lane, batch.records);
    if (batch.count === 0 || accepted > 0) await outbox.accept(batch.first(Math.max(1, accepted)));
  }

  async deliverGap(outbox: Outbox): Promise<void> {
    const [gap] = outbox.gaps();
    if (gap === undefined) return;
    this.receiveGap(gap);
    await outbox.acceptGap(gap);
  }

  async deadLetter(outbox: Outbox, lane: RecordLane): Promise<void> {
    const batch = await outbox.take(lane, { maxRecords: 1, maxBytes: 100_000 });
    const record = batch?.records[0];
    if (batch === null || record === undefined) return;
    const wasStored = await unlessFull(outbox.deadLetter(batch, 'model').then(() => true));
    if (wasStored) this.#accountedFor.add(nameOf(lane, record));
  }

  async deliverAll(outbox: Outbox): Promise<void> {
    for (const lane of recordLanes) {
      while (outbox.stats().lanes[lane].waiting > 0) await this.deliver(outbox, lane, 50);
      await this.deliver(outbox, lane, 50);
    }
    while (outbox.gaps().length > 0) await this.deliverGap(outbox);
  }

  check(stats: OutboxStats, maxBytes: number): void {
    if (!isConserved(stats)) this.complaints.push(`not conserved: ${JSON.stringify(stats)}`);
    const bytes = Object.values(stats.lanes).reduce((sum, { waitingBytes }) => sum + waitingBytes, 0);
    // What is not yet on the disk cannot be given up: one group of appends may be too much.
    if (bytes > maxBytes + 8 * 400) this.complaints.push(`${bytes} bytes wait`);
  }

  /** Readings that neither came out, nor were dead-lettered, nor are named in a gap. Pre-alerts have no gaps. */
  unaccounted(): string[] {
    return [...this.#accepted.keys()].filter(
      (name) => name.startsWith('reading') && !this.#accountedFor.has(name),
    );
  }

  #note(name: string, body: string): void {
    if (this.#accepted.has(name)) this.complaints.push(`${name} given twice`);
    this.#accepted.set(name, body);
  }

  receive(lane: RecordLane, records: readonly OutboxRecord[]): void {
    for (const record of records) {
      const name = nameOf(lane, record);
      const expected = this.#accepted.get(name);
      if (expected !== record.body) this.complaints.push(`${name} is not what was appended`);
      this.#accountedFor.add(name);
    }
    const seqs = records.map(({ epoch, seq }) => `${epoch} ${String(seq).padStart(9, '0')}`);
    if (new Set(seqs).size !== seqs.length) this.complaints.push(`${lane} twice in one batch`);
  }

  receiveGap({ epoch, fromseq, toseq }: Gap): void {
    for (let seq = fromseq; seq <= toseq; seq += 1) this.#accountedFor.add(nameOf('reading', { epoch, seq }));
  }
}
