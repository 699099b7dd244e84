import { StorageFullError, type Store } from './store.ts';

/** Stands for a store that cannot be opened, for want of room: nothing is in it, and it takes nothing. */
export const unavailableStore = (reason: string): Store => {
  const refuse = (): Promise<never> => Promise.reject(new StorageFullError(reason));
  return {
    get: () => Promise.resolve(undefined),
    entries: () => Promise.resolve([]),
    write: (changes) => (changes.length === 0 ? Promise.resolve() : refuse()),
    deleteRange: refuse,
    compact: refuse,
    writtenBytes: () => 0,
    close: () => Promise.resolve(),
  };
};
