import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isCompactionSuspect, noteOpening, readManifest } from '../../src/store/damage.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import { openStore, openUsableStore } from '../../src/store/open-store.ts';
import {
  describeStoreReport,
  StorageDamagedError,
  StorageFullError,
  StorageLockedError,
  type StoreReport,
} from '../../src/store/store.ts';
import { createFillableDatabase } from '../fakes/full-database.ts';
import { createRecordingLog, type RecordingLog } from '../fakes/log.ts';

/** Type and sequence, behind each user key (LevelDB's db/dbformat.h). */
const INTERNAL_KEY_TRAILER_BYTES = 8;

/** Lets LevelDB keep a block as it is. */
const incompressible = (): string => randomBytes(60).toString('base64');

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
      await store.write([{ key: `key/${index}`, value: incompressible() }], { sync: true });
    await store.close();
  };

  /** Spoils the type in the internal key of an entry, which LevelDB carries through repairs and compactions. */
  const spoilTypeOf = async (index: number): Promise<void> => {
    const database = new Level(location);
    await database.open();
    const value = incompressible();
    await database.put(`key/${index}`, value);
    await database.compactRange('', '~');
    await database.close();
    for (const name of (await readdir(location)).filter((file) => file.endsWith('.ldb'))) {
      const bytes = await readFile(join(location, name));
      const valueAt = bytes.indexOf(value);
      if (valueAt === -1) continue;
      bytes.writeUInt8(0xff, valueAt - INTERNAL_KEY_TRAILER_BYTES);
      await writeFile(join(location, name), bytes);
      return;
    }
    throw new Error('the value is in no table');
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

  it('looks closer when the last three runs ended soon after their start', async () => {
    await fill();
    await writeFile(join(location, 'OPENINGS'), '3');
    await spoilTypeOf(7);

    const { store, report } = await open();

    expect(report.outcome).toBe('salvaged');
    await store.close();
    expect(await readdir(location)).not.toContain('OPENINGS');
  });

  it('counts no run that closed its store', async () => {
    await fill();
    const first = await open();
    expect(await readFile(join(location, 'OPENINGS'), 'utf8')).toBe('1');
    await first.store.close();

    expect(await noteOpening(location)).toBe(false);
    expect(await noteOpening(location)).toBe(false);
    expect(await noteOpening(location)).toBe(false);
    expect(await noteOpening(location)).toBe(true);
    expect(await noteOpening(location)).toBe(false);
  });

  it('copies what can be read when LevelDB cannot mend it, and keeps the damaged one', async () => {
    await fill();
    await spoilTypeOf(7);
    await writeFile(join(location, 'DAMAGED'), 'Corruption: corrupted internal key\n');

    const { store, report } = await open();
    const entries = await store.entries({ from: '', until: '~' });
    await store.close();

    expect(report).toMatchObject({
      outcome: 'salvaged',
      movedTo: join(directory, 'damaged-2026-06-01T00-00-00'),
    });
    expect(entries).toHaveLength(19);
    expect((await readdir(directory)).sort()).toEqual(['damaged-2026-06-01T00-00-00', 'store']);
    const again = await open();
    expect(again.report).toEqual({ outcome: 'whole' });
    await again.store.close();
  });

  it('finishes a copy that took the place of a damaged store when power failed, and removes half a copy', async () => {
    await fill();
    await rename(location, join(directory, 'salvage'));

    const { store, report } = await open();
    expect(report.outcome).toBe('whole');
    expect(await store.entries({ from: '', until: '~' })).toHaveLength(20);
    await store.close();

    await mkdir(join(directory, 'salvage'));
    await (await open()).store.close();
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
      { outcome: 'salvaged', cause: 'x', movedTo: '/d' },
      'the store was damaged and lies in /d now, what could be read of it was copied: x',
    ],
    [
      { outcome: 'replaced', cause: 'x', movedTo: '/d' },
      'the store was damaged beyond repair and lies in /d now: x',
    ],
  ])('is a sentence for a person: %o', (report, sentence) => {
    expect(describeStoreReport(report)).toBe(sentence);
  });
});
