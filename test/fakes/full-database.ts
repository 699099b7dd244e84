import { createDatabase } from '../../src/store/level-store.ts';

type Database = ReturnType<typeof createDatabase>;

export type FillableDatabase = { readonly database: Database; setFull(isFull: boolean): void };

/** What classic-level rejects with when the disk under it is full. */
const noSpace = (): Error =>
  Object.assign(new Error('IO error: /data/000003.log: No space left on device'), { code: 'LEVEL_IO_ERROR' });

type Batch = ReturnType<Database['batch']>;

/** A batch fails when it is written. */
const failingBatch = (batch: Batch, isFull: () => boolean): Batch => {
  const write = Reflect.get(batch, 'write');
  Reflect.set(batch, 'write', async (...args: unknown[]) => {
    if (!isFull()) return await Reflect.apply(write, batch, args);
    await batch.close();
    throw noSpace();
  });
  return batch;
};

/** A real LevelDB whose changes fail as on a full disk while it is told to be full. */
export const createFillableDatabase = (
  location: string,
  failing: readonly ('batch' | 'clear' | 'open')[] = ['batch', 'clear'],
): FillableDatabase => {
  const database = createDatabase(location);
  let isFull = false;
  for (const name of failing) {
    const original = Reflect.get(database, name);
    Reflect.set(database, name, (...args: unknown[]) => {
      if (isFull && name !== 'batch') return Promise.reject(noSpace());
      const result = Reflect.apply(original, database, args);
      return name === 'batch' ? failingBatch(result, () => isFull) : result;
    });
  }
  return {
    database,
    setFull: (full) => {
      isFull = full;
    },
  };
};
