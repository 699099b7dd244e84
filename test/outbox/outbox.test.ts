import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { LevelStore } from '../../src/store/level-store.ts';
import type { Store } from '../../src/store/store.ts';
import { describeOutbox } from '../contract/outbox.ts';
import { createFillableDatabase, type FillableDatabase } from '../fakes/full-database.ts';
import { openOutboxForTest } from '../fakes/outbox-bodies.ts';
import { createFakeDisk } from '../fakes/store.ts';

describeOutbox('a store in memory', async (maxBytes) => {
  const disk = createFakeDisk();
  const { mark } = disk;
  const outbox = await openOutboxForTest(disk.open(), { maxBytes, mark });
  return {
    outbox,
    setFull: disk.setFull,
    reopen: async (bound = maxBytes) => {
      await outbox.close();
      return openOutboxForTest(disk.open(), { maxBytes: bound, mark });
    },
    kill: () => {
      disk.cutPower();
      return openOutboxForTest(disk.open(), { maxBytes, mark });
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
  const outbox = await openOutboxForTest(store, { maxBytes });
  return {
    outbox,
    setFull,
    reopen: async (bound = maxBytes) => {
      await outbox.close();
      await database.close();
      await database.open();
      return openOutboxForTest(store, { maxBytes: bound });
    },
    // What a killed process leaves is what its files hold while it still runs.
    kill: async () => {
      const copy = await newDirectory();
      await cp(directory, copy, { recursive: true });
      return openOutboxForTest((await openDatabase(copy)).store, { maxBytes });
    },
  };
});
