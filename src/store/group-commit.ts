import type { StoreChange, WriteOptions } from './store.ts';

export type Commit = (changes: readonly StoreChange[], options: WriteOptions) => Promise<void>;

type Waiting = {
  readonly changes: readonly StoreChange[];
  readonly sync: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

/**
 * One commit at a time; whatever arrives meanwhile shares the next one, and its flush, in the order of arrival.
 * The whole group succeeds or fails together.
 */
export const createGroupCommit = (commit: Commit): Commit => {
  let waiting: Waiting[] = [];
  let isCommitting = false;

  const commitGroup = async (group: readonly Waiting[]): Promise<void> => {
    try {
      await commit(
        group.flatMap(({ changes }) => changes),
        { sync: group.some(({ sync }) => sync) },
      );
      for (const { resolve } of group) resolve();
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };

  const commitAll = async (): Promise<void> => {
    isCommitting = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await commitGroup(group);
    }
    isCommitting = false;
  };

  return (changes, { sync }) =>
    new Promise((resolve, reject) => {
      waiting.push({ changes, sync, resolve, reject });
      if (!isCommitting) void commitAll();
    });
};
