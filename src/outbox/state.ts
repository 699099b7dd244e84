import type { Store, StoreChange } from '../store/store.ts';
import { addChecksum, verifyChecksum } from './checksum.ts';
import type { JsonValue, StateChanges } from './records.ts';
import { parseBody } from './stored-record.ts';

const stateKey = (key: string): string => `state/${key}`;

export const stateChanges = (changes: StateChanges): readonly StoreChange[] =>
  Object.entries(changes).map(([name, value]) => {
    const key = stateKey(name);
    return { key, value: addChecksum(key, JSON.stringify(value)) };
  });

/** `isDamaged`: something was kept under this key, and it cannot be read any more. */
export type ReadState = { readonly value: JsonValue | undefined; readonly isDamaged: boolean };

export const readState = async (store: Pick<Store, 'get' | 'entries'>, name: string): Promise<ReadState> => {
  const key = stateKey(name);
  const stored = await store.get(key);
  if (stored === undefined) return { value: undefined, isDamaged: false };
  const text = verifyChecksum(key, stored);
  return text === null ? { value: undefined, isDamaged: true } : { value: parseBody(text), isDamaged: false };
};
