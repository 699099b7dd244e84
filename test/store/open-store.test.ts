import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isCompactionSuspect } from '../../src/store/compaction-crash.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import { readManifest } from '../../src/store/manifest.ts';
import { openStore, openUsableStore } from '../../src/store/open-store.ts';
import { StorageDamagedError, StorageFullError, StorageLockedError } from '../../src/store/store.ts';
import { describeStoreReport, type StoreReport } from '../../src/store/store-report.ts';
import { createFillableDatabase } from '../fakes/full-database.ts';
import { createRecordingLog, type RecordingLog } from '../fakes/log.ts';

describe('opening a store', () => {
  let directory: string;
  let location: string;
  let log: RecordingLog;
  let wallMs: number;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'open-'));
    location = join(directory, 'store');
    log = createRecordingLog();
    wallMs = Date.UTC(2026, 5, 1);
  });
  afterEach(() => rm(directory, { recursive: true }));

  const open = () => openStore({ directory, log, wallMs: () => wallMs });

  const fill = async (): Promise<void> => {
    const { store } = await open();
    for (let index = 0; index < 20; index += 1)
      await store.write([{ key: `key/${index}`, value: 'x'.repeat(50) }], { sync: true });
    await store.close();
  };

  it('makes an empty one where there is none, and finds it whole the next time', async () => {
    const first = await open();
    await first.store.close();
    const second = await open();

    expect([first.report, second.report]).toEqual([{ outcome: 'whole' }, { outcome: 'whole' }]);
    expect(log.lines()).toEqual([]);
    await second.store.close();
  });

  it('refuses one that is in use, and does not take that for damage', async () => {
    const { store } = await open();

    await expect(open()).rejects.toThrow(StorageLockedError);
    expect(await readdir(directory)).toEqual(['store']);
    await store.close();
  });

  it('repairs what was found damaged while running, and says so in one line', async () => {
    await fill();
    await writeFile(join(location, 'DAMAGED'), 'Corruption: bad block\n');

    const { store, report } = await open();

    expect(report).toEqual({ outcome: 'repaired', cause: 'met while running: Corruption: bad block' });
    expect(log.lines('error').map(({ message }) => message)).toEqual([
      'the store was damaged and has been repaired: met while running: Corruption: bad block',
    ]);
    expect(await store.entries({ from: '', until: '~' })).toHaveLength(20);
    await store.close();
    expect(
      (await open().then(({ store: again, report: after }) => again.close().then(() => after))).outcome,
    ).toBe('whole');
  });

  it('keeps the three newest of the stores that it moved aside', async () => {
    for (let day = 1; day <= 5; day += 1) {
      await mkdir(join(location, 'CURRENT'), { recursive: true });
      wallMs = Date.UTC(2026, 5, day);
      const { store, report } = await open();
      expect(report.outcome).toBe('replaced');
      await store.close();
      await rm(location, { recursive: true });
    }

    expect((await readdir(directory)).sort()).toEqual([
      'damaged-2026-06-03T00-00-00',
      'damaged-2026-06-04T00-00-00',
      'damaged-2026-06-05T00-00-00',
    ]);
  });

  it('moves two stores aside within one second', async () => {
    for (let time = 1; time <= 2; time += 1) {
      await mkdir(join(location, 'CURRENT'), { recursive: true });
      await (await open()).store.close();
      await rm(location, { recursive: true });
    }

    expect((await readdir(directory)).sort()).toEqual([
      'damaged-2026-06-01T00-00-00',
      'damaged-2026-06-01T00-00-00-1',
    ]);
  });

  it('replaces a store that stays damaged for whoever uses it', async () => {
    await fill();
    const outcomes: string[] = [];

    const used = await openUsableStore({ directory, log, wallMs: () => wallMs }, ({ store, report }) => {
      outcomes.push(report.outcome);
      return report.outcome === 'replaced'
        ? Promise.resolve({ store })
        : Promise.reject(new StorageDamagedError('not what was written'));
    });

    expect(outcomes).toEqual(['whole', 'whole', 'replaced']);
    await used.store.close();
  });

  it('hands a fault of whoever uses it on', async () => {
    const use = () => Promise.reject(new TypeError('a bug'));

    await expect(openUsableStore({ directory, log, wallMs: () => wallMs }, use)).rejects.toThrow(TypeError);
  });

  it('looks closer, without doing harm, when the last two runs ended within a compaction', async () => {
    await fill();
    await writeFile(join(location, 'LOG'), 'Compacting 4@0 + 1@1 files\n');
    await (await open()).store.close();
    await writeFile(join(location, 'LOG'), 'Compacted 4@0 files\nCompacting 4@0 + 1@1 files\n');

    const { store, report } = await open();

    expect(report.outcome).toBe('whole');
    expect(await store.entries({ from: '', until: '~' })).toHaveLength(20);
    await store.close();
    expect(await readFile(join(directory, 'ends-in-compaction'), 'utf8')).toBe('2');
    expect(await isCompactionSuspect(directory, false)).toBe(false);
    expect(await readdir(directory)).toEqual(['store']);
  });

  it('notices a manifest that was cut short anywhere but between two edits', async () => {
    await fill();
    await (await open()).store.close();
    const name = (await readdir(location)).find((file) => file.startsWith('MANIFEST')) ?? '';
    const bytes = await readFile(join(location, name));

    const wholeAt = Array.from({ length: bytes.length }, (_, index) => index + 1).filter(
      (length) => readManifest(bytes.subarray(0, length)).isWhole,
    );

    expect(readManifest(bytes)).toMatchObject({ isWhole: true });
    expect(readManifest(bytes).logNumber).toBeGreaterThan(0);
    expect(wholeAt.length).toBeLessThan(5);
    expect(readManifest(Buffer.alloc(0)).isWhole).toBe(false);
  });

  it('notices a manifest that went back to an earlier edit by the log that is gone', async () => {
    await fill();
    await (await open()).store.close();
    const name = (await readdir(location)).find((file) => file.startsWith('MANIFEST')) ?? '';
    const bytes = await readFile(join(location, name));
    const firstEdit = Array.from({ length: bytes.length }, (_, index) => index + 1).find(
      (length) => readManifest(bytes.subarray(0, length)).isWhole,
    );
    await truncate(join(location, name), firstEdit ?? 0);

    const { store, report } = await open();

    expect(report.outcome).toBe('repaired');
    expect(await store.entries({ from: '', until: '~' })).toHaveLength(20);
    await store.close();
  });
});

describe('a store on a disk that takes nothing', () => {
  it('reads on, and comes back when the database can be opened again', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'full-'));
    const { database, setFull } = createFillableDatabase(directory, ['batch', 'open']);
    await database.open();
    const store = new LevelStore(database);
    const put = (key: string) => store.write([{ key, value: '1' }], { sync: true });
    await put('a');
    setFull(true);

    await expect(put('b')).rejects.toThrow(StorageFullError);
    expect(await store.get('a')).toBe('1');
    // The file system has room, so that it is closed for reopening, which then fails.
    await expect(put('b')).rejects.toThrow(StorageFullError);
    await expect(store.get('a')).rejects.toThrow(StorageFullError);
    setFull(false);

    expect(await store.get('a')).toBe('1');
    await put('c');
    expect(await store.entries({ from: '', until: '~' })).toEqual([
      ['a', '1'],
      ['c', '1'],
    ]);
    await store.close();
    await rm(directory, { recursive: true });
  });

  it('marks damage that it meets, for the next start', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'marked-'));
    const { database } = createFillableDatabase(directory);
    await database.open();
    const store = new LevelStore(database);
    Reflect.set(database, 'get', () =>
      Promise.reject(Object.assign(new Error('Corruption: bad block'), { code: 'LEVEL_CORRUPTION' })),
    );

    await expect(store.get('a')).rejects.toThrow(StorageDamagedError);
    expect(await readFile(join(directory, 'DAMAGED'), 'utf8')).toBe('Corruption: bad block\n');
    await store.close();
    await rm(directory, { recursive: true });
  });
});

describe('the report of an opening', () => {
  it.each<[StoreReport, string | null]>([
    [{ outcome: 'whole' }, null],
    [{ outcome: 'repaired', cause: 'x' }, 'the store was damaged and has been repaired: x'],
    [
      { outcome: 'replaced', cause: 'x', movedTo: '/d' },
      'the store was damaged beyond repair and lies in /d now: x',
    ],
  ])('is a sentence for a person: %o', (report, sentence) => {
    expect(describeStoreReport(report)).toBe(sentence);
  });
});
