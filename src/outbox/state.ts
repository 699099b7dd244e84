import type { Store, StoreChange } from '../store/store.ts';
import type { JsonValue, StateChanges } from './outbox.ts';
import { seal, unseal } from './sealed.ts';
import { parseBody } from './stored-record.ts';

const stateKey = (key: string): string => `state/${key}`;

export const stateChanges = (changes: StateChanges): readonly StoreChange[] =>
  Object.entries(changes).map(([name, value]) => {
    const key = stateKey(name);
    return { key, value: seal(key, JSON.stringify(value)) };
  });

/** `isDamaged`: something was kept under this key, and nobody knows any more what. */
export type ReadState = { readonly value: JsonValue | undefined; readonly isDamaged: boolean };

export const readState = async (store: Store, name: string): Promise<ReadState> => {
  const key = stateKey(name);
  const sealed = await store.get(key);
  if (sealed === undefined) return { value: undefined, isDamaged: false };
  const text = unseal(key, sealed);
  return text === null ? { value: undefined, isDamaged: true } : { value: parseBody(text), isDamaged: false };
};
