import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { LevelStore } from '../../src/store/level-store.ts';
import { describeStore } from '../contract/store.ts';
import { createFillableDatabase } from '../fakes/full-database.ts';

const directories: string[] = [];

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

describeStore('LevelDB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'store-'));
  directories.push(directory);
  const { database, setFull } = createFillableDatabase(directory);
  await database.open();
  const store = new LevelStore(database);
  return {
    store,
    setFull,
    reopen: async () => {
      await store.close();
      await database.open();
      return new LevelStore(database);
    },
  };
});
