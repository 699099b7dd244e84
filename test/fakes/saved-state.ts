import type { Outbox } from '../../src/outbox/outbox.ts';
import type { JsonValue, StateChanges } from '../../src/outbox/records.ts';

export type FakeSavedState = Pick<Outbox, 'getState' | 'putState'> & {
  readonly entries: Map<string, JsonValue>;
  /** While set, `putState` rejects with it. */
  failure: Error | null;
};

/** The state an outbox keeps, without the outbox. */
export const createFakeSavedState = (entries: Readonly<Record<string, JsonValue>> = {}): FakeSavedState => {
  const state: FakeSavedState = {
    entries: new Map(Object.entries(entries)),
    failure: null,
    getState: (key) => Promise.resolve(state.entries.get(key)),
    putState: async (changes: StateChanges) => {
      await Promise.resolve();
      if (state.failure !== null) throw state.failure;
      for (const [key, value] of Object.entries(changes)) state.entries.set(key, value);
    },
  };
  return state;
};
