import { StorageFullError } from '../store/store.ts';
import type { Draft } from './draft.ts';

/** Changes a draft; what it returns is known once the draft is committed. */
export type Operation<Result> = {
  readonly apply: (draft: Draft) => Result | Promise<Result>;
  /** `lazy`: needs no flush, and on a full disk counts at once and is written with whatever is written next. */
  readonly durability: 'synced' | 'lazy';
  /** Needs to find on the disk whatever came before it, and shares no commit. */
  readonly isAlone?: boolean;
};

type Waiting = {
  readonly durability: Operation<unknown>['durability'];
  readonly isAlone: boolean;
  /** Applies the operation and returns what settles it. */
  readonly apply: (draft: Draft) => (() => void) | Promise<() => void>;
  readonly reject: (error: unknown) => void;
};

export type CommitQueueParts = {
  readonly newDraft: () => Draft;
  readonly commit: (draft: Draft, options: { readonly sync: boolean }) => Promise<void>;
  /** Keeps the draft in memory only. */
  readonly keep: (draft: Draft) => void;
};

/** Puts everything that changes the outbox in one order; what arrives during a commit shares the next one. */
export class CommitQueue {
  readonly #parts: CommitQueueParts;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;

  constructor(parts: CommitQueueParts) {
    this.#parts = parts;
  }

  run<Result>({ apply, durability, isAlone = false }: Operation<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        durability,
        isAlone,
        reject,
        apply: (draft) => {
          const result = apply(draft);
          // Most operations need nothing from the disk, and there are thousands of them a second.
          return result instanceof Promise
            ? result.then((value) => () => resolve(value))
            : () => resolve(result);
        },
      });
      this.#running ??= this.#commitAll();
    });
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    await this.#running;
  }

  async #commitAll(): Promise<void> {
    // Whoever calls in the same turn shares the first commit too.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.#commitGroup(this.#takeGroup());
    }
    this.#running = null;
  }

  #takeGroup(): readonly Waiting[] {
    const firstAlone = this.#waiting.findIndex(({ isAlone }) => isAlone);
    return this.#waiting.splice(0, firstAlone === -1 ? this.#waiting.length : Math.max(1, firstAlone));
  }

  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const draft = this.#parts.newDraft();
      const settle = await applyAll(group, draft);
      await this.#parts.commit(draft, { sync: group.some(({ durability }) => durability === 'synced') });
      settle();
    } catch (error) {
      await this.#fail(group, error);
    }
  }

  async #fail(group: readonly Waiting[], error: unknown): Promise<void> {
    const lazy =
      error instanceof StorageFullError ? group.filter(({ durability }) => durability === 'lazy') : [];
    for (const waiting of group) if (!lazy.includes(waiting)) waiting.reject(error);
    try {
      const draft = this.#parts.newDraft();
      const settle = await applyAll(lazy, draft);
      this.#parts.keep(draft);
      settle();
    } catch (lazyError) {
      for (const { reject } of lazy) reject(lazyError);
    }
  }
}

const applyAll = async (group: readonly Waiting[], draft: Draft): Promise<() => void> => {
  const settlers: (() => void)[] = [];
  for (const { apply } of group) {
    const settler = apply(draft);
    settlers.push(settler instanceof Promise ? await settler : settler);
  }
  return () => {
    for (const settle of settlers) settle();
  };
};
