import { createDatabase } from '../../src/store/level-store.ts';

type Database = ReturnType<typeof createDatabase>;

export type FillableDatabase = { readonly database: Database; setFull(isFull: boolean): void };

/** What classic-level rejects with when the disk under it is full. */
const noSpace = (): Error =>
  Object.assign(new Error('IO error: /data/000003.log: No space left on device'), { code: 'LEVEL_IO_ERROR' });

/** A real LevelDB whose changes fail as on a full disk while it is told to be full. */
export const createFillableDatabase = (
  location: string,
  failing: readonly ('batch' | 'clear' | 'open')[] = ['batch', 'clear'],
): FillableDatabase => {
  const database = createDatabase(location);
  let isFull = false;
  for (const name of failing) {
    const original = Reflect.get(database, name);
    Reflect.set(database, name, (...args: unknown[]) =>
      isFull ? Promise.reject(noSpace()) : Reflect.apply(original, database, args),
    );
  }
  return {
    database,
    setFull: (full) => {
      isFull = full;
    },
  };
};
