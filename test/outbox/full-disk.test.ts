import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  awaitStore,
  closeOutbox,
  handOver,
  type OutboxOptions,
  openOutbox,
  StoreIsBackError,
} from '../../src/outbox/open-outbox.ts';
import { unavailableStore } from '../../src/store/full-disk.ts';
import { StorageUnusableError } from '../../src/store/store.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import {
  acceptUpTo,
  deadLetterOldest,
  instantAt,
  isConserved,
  openOutboxForTest,
  timeOf,
  waitingIn,
} from '../fakes/outbox-bodies.ts';
import { createFakeDisk } from '../fakes/store.ts';
import { mountSmallDisk, type SmallDisk, whyNoSmallDisk } from '../faults/small-disk.ts';

const why = await whyNoSmallDisk();

const optionsFor = (directory: string) => {
  const log = createRecordingLog();
  const options: OutboxOptions = { directory, log, timeOf, maxBytes: 8_000_000, wallMs: Date.now };
  return { log, options };
};

describe.skipIf(why !== null)(`an outbox on a disk that is full at the start (${why ?? 'mounted'})`, () => {
  let folder: string;
  let disk: SmallDisk;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'full-'));
    disk = await mountSmallDisk(join(folder, 'disk'), 32);
    const opened = await openOutbox(optionsFor(disk.path).options);
    for (let index = 0; index < 280; index += 1) await opened.outbox.append('reading', index);
    await closeOutbox(opened);
    await disk.fill();
  });
  afterEach(async () => {
    await disk.unmount();
    await rm(folder, { recursive: true });
  });

  it('opens at the price of its reserve, gives what waits and what is new, and stores once there is room', async () => {
    const { options, log } = optionsFor(disk.path);
    for (let start = 0; start < 3; start += 1) {
      const opened = await openOutbox(options);
      expect(opened.report).toEqual({ outcome: 'whole' });
      expect((await waitingIn(opened.outbox, 'reading')).length).toBeGreaterThanOrEqual(280);
      await disk.fill();
      expect(await opened.outbox.append('reading', 'new')).toMatchObject({ isStored: false });
      expect(await waitingIn(opened.outbox, 'reading')).toContainEqual(
        expect.objectContaining({ body: 'new' }),
      );
      await acceptUpTo(opened.outbox, 'reading', 10_000);
      expect(opened.outbox.stats().lanes.reading.waiting).toBe(0);
      await disk.free();
      expect(await opened.outbox.append('reading', 'stored')).toMatchObject({ isStored: true });
      for (let index = 0; index < 280; index += 1) await opened.outbox.append('reading', index);
      await closeOutbox(opened);
      await disk.fill();
    }
    expect(log.lines('error')).toEqual([]);
  });

  it('works in memory where there is no reserve, says so in one line, and returns to the disk', async () => {
    await rm(join(disk.path, 'reserve'), { force: true });
    await disk.fill();
    const { options, log } = optionsFor(disk.path);
    const memory = await openOutbox(options);
    expect(memory.report).toMatchObject({ outcome: 'unavailable' });
    expect(log.lines('error')).toHaveLength(1);
    await memory.outbox.append('reading', 'sent');
    const kept = await memory.outbox.append('reading', 'kept');
    await memory.outbox.append('prealert', 'alert');
    await acceptUpTo(memory.outbox, 'reading', 1);

    const clock = createManualClock();
    const back = awaitStore(options, clock, new AbortController().signal).catch((error: unknown) => error);
    await clock.advance(31_000);
    await disk.free();
    await expect
      .poll(() => clock.advance(31_000).then(() => Promise.race([back, null])))
      .toBeInstanceOf(StoreIsBackError);
    await handOver(memory.outbox, options);

    const opened = await openOutbox(options);
    const readings = await waitingIn(opened.outbox, 'reading');
    expect(readings.slice(0, 280).map(({ body }) => body)).toEqual(Array.from({ length: 280 }, (_, i) => i));
    expect(readings.slice(280)).toEqual([{ epoch: kept.epoch, seq: 2, body: 'kept' }]);
    expect(await waitingIn(opened.outbox, 'prealert')).toMatchObject([
      { epoch: kept.epoch, seq: 1, body: 'alert' },
    ]);
    await closeOutbox(opened);
  });

  it('names in memory the reading before, and says at a stop on a full disk how much is lost', async () => {
    await rm(join(disk.path, 'reserve'), { force: true });
    await disk.fill();
    const { options, log } = optionsFor(disk.path);
    const memory = await openOutbox(options);
    await memory.outbox.append('reading', 'first');

    const [first] = await waitingIn(memory.outbox, 'reading');
    await handOver(memory.outbox, options);
    await closeOutbox(memory);

    expect(first?.previous).toMatchObject({ seq: 280 });
    expect(log.lines('error').at(-1)).toMatchObject({ records: 1 });
  });

  it('works in memory on a read-only file system', async () => {
    await disk.makeReadOnly();
    const { options } = optionsFor(disk.path);

    const { outbox, report } = await openOutbox(options);

    expect(report).toMatchObject({ outcome: 'unavailable', cause: expect.stringContaining('ead-only') });
    expect(await outbox.append('reading', 'a')).toMatchObject({ seq: 1, isStored: false });
    expect((await readdir(disk.path)).filter((name) => name.startsWith('damaged-'))).toEqual([]);
    const missing = await openOutbox(optionsFor(join(disk.path, 'not', 'there')).options);
    expect(missing.report).toMatchObject({ cause: expect.stringContaining('read-only') });
    await disk.makeWritable();
  });
});

describe('an outbox in memory whose disk has room again', () => {
  const disk = createFakeDisk();
  const { mark } = disk;
  const openDisk = (epoch?: string) => openOutboxForTest(disk.open(), { maxBytes: 100_000, mark, epoch });

  it('moves everything to the disk under the names that were given', async () => {
    const before = await openDisk();
    const old = await before.append('reading', 'old', { tips: 5, boots: ['a'], rules: 1 });
    await before.close();
    const memory = await openOutboxForTest(unavailableStore('full'), { maxBytes: 100_000 });
    for (let index = 0; index < 6; index += 1)
      await memory.append('reading', { at: instantAt(index) }, { tips: index, boots: ['b'], rules: 'new' });
    await deadLetterOldest(memory, 'reading', 'refused');
    await acceptUpTo(memory, 'reading', 2);
    await memory.append('prealert', 'alert');
    await acceptUpTo(memory, 'prealert', 1);

    const onDisk = await openDisk(memory.epoch);
    await onDisk.takeOver(memory);
    await memory.close();
    await onDisk.close();
    disk.cutPower();
    const outbox = await openDisk();

    const { epoch } = memory;
    expect(await waitingIn(outbox, 'reading')).toEqual([
      { epoch: old.epoch, seq: 1, body: 'old' },
      ...[4, 5, 6].map((seq) => ({ epoch, seq, body: { at: instantAt(seq - 1) } })),
    ]);
    expect(outbox.gaps()).toMatchObject([
      { epoch, fromseq: 1, toseq: 1, reason: 'refused', previous: { epoch: old.epoch, seq: 1 } },
    ]);
    expect(outbox.stats().totals).toEqual({ accepted: 8, delivered: 3, setAside: 1, givenUp: 0 });
    expect(isConserved(outbox.stats())).toBe(true);
    expect(await Promise.all(['tips', 'boots', 'rules'].map((key) => outbox.getState(key)))).toEqual([
      10,
      ['a', 'b'],
      'new',
    ]);
    await acceptUpTo(outbox, 'reading', 10);
    expect(outbox.stats()).toMatchObject({ totals: { givenUp: 0 }, lanes: { reading: { waiting: 0 } } });
  });
});

it('keeps a reserve beside the store', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'reserve-'));
  await closeOutbox(await openOutbox(optionsFor(directory).options));

  expect((await stat(join(directory, 'reserve'))).size).toBeGreaterThan(1_000_000);
  await rm(directory, { recursive: true });
});

it('says in one sentence that the data directory is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'unusable-'));
  const directory = join(folder, 'file');
  await writeFile(directory, 'not a directory');

  const opening = openOutbox(optionsFor(directory).options);

  await expect(opening).rejects.toThrow(StorageUnusableError);
  await expect(opening).rejects.toThrow(/^the data directory .* cannot be used: \S[^\n]*$/);
  await rm(folder, { recursive: true });
});
