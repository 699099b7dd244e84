import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { openOutboxOn } from '../../src/outbox/open-outbox.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import type { Store } from '../../src/store/store.ts';
import { describeOutbox } from '../contract/outbox.ts';
import { createFillableDatabase, type FillableDatabase } from '../fakes/full-database.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { timeOf } from '../fakes/outbox-bodies.ts';
import { createFakeDisk } from '../fakes/store.ts';

const openOn = (store: Store, maxBytes: number): Promise<Outbox> =>
  openOutboxOn({
    store,
    maxBytes,
    report: { outcome: 'whole' },
    log: createRecordingLog(),
    timeOf,
    wallMs: () => Date.UTC(2026, 5, 1),
  });

describeOutbox('a store in memory', async (maxBytes) => {
  const disk = createFakeDisk();
  const outbox = await openOn(disk.open(), maxBytes);
  return {
    outbox,
    setFull: disk.setFull,
    reopen: async (bound = maxBytes) => {
      await outbox.close();
      return openOn(disk.open(), bound);
    },
    kill: () => {
      disk.cutPower();
      return openOn(disk.open(), maxBytes);
    },
  };
});

const directories: string[] = [];
const stores: Store[] = [];

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

const newDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'outbox-'));
  directories.push(directory);
  return directory;
};

const openDatabase = async (directory: string): Promise<FillableDatabase & { readonly store: Store }> => {
  const fillable = createFillableDatabase(directory);
  await fillable.database.open();
  const store = new LevelStore(fillable.database);
  stores.push(store);
  return { ...fillable, store };
};

describeOutbox('LevelDB', async (maxBytes) => {
  const directory = await newDirectory();
  const { store, database, setFull } = await openDatabase(directory);
  const outbox = await openOn(store, maxBytes);
  return {
    outbox,
    setFull,
    reopen: async (bound = maxBytes) => {
      await outbox.close();
      await database.close();
      await database.open();
      return openOn(store, bound);
    },
    // What a killed process leaves is what its files hold while it still runs.
    kill: async () => {
      const copy = await newDirectory();
      await cp(directory, copy, { recursive: true });
      return openOn((await openDatabase(copy)).store, maxBytes);
    },
  };
});
