import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { closeOutbox, type OpenedOutbox, openOutbox } from '../../src/outbox/open-outbox.ts';
import { gapSchema, lanes } from '../../src/outbox/records.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { timeOf } from '../fakes/outbox-bodies.ts';
import { Bookkeeper } from './bookkeeper.ts';

/** mulberry32: the same places for the same seed. */
const randomOf = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** An outbox on real files that can be spoilt, and the account of what went into it. */
export class DamageFixture {
  readonly directory: string;
  readonly books = new Bookkeeper();
  readonly log = createRecordingLog();
  readonly #random: () => number;

  static async create(seed = 1): Promise<DamageFixture> {
    return new DamageFixture(await mkdtemp(join(tmpdir(), 'damage-')), seed);
  }

  private constructor(directory: string, seed: number) {
    this.directory = directory;
    this.#random = randomOf(seed);
  }

  get location(): string {
    return join(this.directory, 'store');
  }

  open(): Promise<OpenedOutbox> {
    return openOutbox({
      directory: this.directory,
      log: this.log,
      timeOf,
      maxBytes: 100_000_000,
      wallMs: () => Date.UTC(2026, 5, 1, 12),
    });
  }

  /** Tables and a log, something delivered and much waiting; resolves with the epoch. */
  async fill(): Promise<string> {
    const opened = await this.open();
    for (let round = 0; round < 3; round += 1) {
      for (let group = 0; group < 5; group += 1) await this.books.append(opened.outbox, 'reading', 100);
      await this.books.append(opened.outbox, 'prealert', 3);
      await this.books.deliver(opened.outbox, 'reading', 20);
      if (round < 2) await opened.store.compact({ from: '', until: '~' });
    }
    await closeOutbox(opened);
    return opened.outbox.epoch;
  }

  async files(pattern: RegExp): Promise<string[]> {
    const names = await readdir(this.location);
    return names.filter((name) => pattern.test(name)).map((name) => join(this.location, name));
  }

  async flipBits(pattern: RegExp, count: number): Promise<void> {
    for (let flip = 0; flip < count; flip += 1) {
      const { path, position } = await this.#pick(pattern);
      const bytes = await readFile(path);
      bytes.writeUInt8(bytes.readUInt8(position) ^ (1 << Math.floor(this.#random() * 8)), position);
      await writeFile(path, bytes);
    }
  }

  async cutShort(pattern: RegExp): Promise<void> {
    const { path, position } = await this.#pick(pattern);
    await truncate(path, position);
  }

  /** What became of every reading, as far as it is not as it should be. */
  faults(): { readonly complaints: string[]; readonly unaccounted: string[] } {
    return { complaints: this.books.complaints, unaccounted: this.books.unaccounted() };
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true });
  }

  async #pick(pattern: RegExp): Promise<{ readonly path: string; readonly position: number }> {
    const paths = (await this.files(pattern)).sort();
    const path = paths[Math.floor(this.#random() * paths.length)] ?? '';
    return { path, position: Math.floor(this.#random() * (await stat(path)).size) };
  }
}

export const noFaults = { complaints: [], unaccounted: [] };

/** The seeds of a suite, told in the name of each of its tests. */
export const seeds = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => 1_009 * (index + 1));

const deliveredSchema = z.object({
  lane: z.enum(lanes),
  epoch: z.string(),
  seq: z.int(),
  body: z.json(),
});

/** As systemd does: starts it again until it ends by itself. */
const STARTS = 6;

const drainChild = fileURLToPath(new URL('./drain-child.ts', import.meta.url));

/**
 * A damaged table can make LevelDB abort the process, so each start is a process of its own. Returns how many starts it
 * took, or `null` where it never ended by itself.
 */
export const drainAsService = (fixture: DamageFixture): number | null => {
  for (let start = 1; start <= STARTS; start += 1) {
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--import', 'tsx', drainChild, fixture.directory],
      { encoding: 'utf8' },
    );
    for (const line of stdout.split('\n').filter((text) => text.endsWith('}'))) {
      const { lane, ...record } = deliveredSchema.parse(JSON.parse(line));
      if (lane === 'gap') fixture.books.receiveGap(gapSchema.parse(record.body));
      else fixture.books.receive(lane, [record]);
    }
    if (status === 0) return start;
  }
  return null;
};
