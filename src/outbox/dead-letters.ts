import { z } from 'zod';
import type { Store, StoreChange } from '../store/store.ts';
import { LOWEST_KEY, laneRange, parseRecordKey, recordKey } from './record-key.ts';
import { type JsonValue, lanes } from './records.ts';
import { addChecksum, verifyChecksum } from './stored-record.ts';

/** The newest ones are kept for a person to look at. */
const DEAD_LETTERS_KEPT = 100;

const LANE = 'aside';
const deadLetterSchema = z.object({
  lane: z.enum(lanes),
  epoch: z.string(),
  seq: z.int(),
  reason: z.string(),
  body: z.json(),
});

/** What is kept of a record that can never be sent. */
export type DeadLetter = Readonly<Omit<z.infer<typeof deadLetterSchema>, 'body'>> & {
  readonly body: JsonValue;
};

/** All of them have one epoch, so that their numbers never repeat in the life of the store. */
const keyOf = (seq: number): string => recordKey(LANE, { ...LOWEST_KEY, seq });

export const deadLetterChanges = (number: number, letter: DeadLetter): readonly StoreChange[] => {
  const key = keyOf(number);
  const kept = { key, value: addChecksum(key, JSON.stringify(letter)) };
  return number > DEAD_LETTERS_KEPT
    ? [kept, { key: keyOf(number - DEAD_LETTERS_KEPT), value: null }]
    : [kept];
};

/** Oldest first; damaged ones are passed over. */
export const readDeadLetters = async (store: Pick<Store, 'entries'>): Promise<readonly DeadLetter[]> =>
  (await store.entries(laneRange(LANE))).flatMap(([key, value]) => {
    const text = verifyChecksum(key, value);
    return text === null ? [] : [deadLetterSchema.parse(JSON.parse(text))];
  });

/** The number of the next one, as far as the store tells it. */
export const nextDeadLetter = async (store: Store): Promise<number> => {
  const [newest] = await store.entries(laneRange(LANE), { limit: 1, reverse: true });
  return ((newest && parseRecordKey(newest[0])?.seq) ?? 0) + 1;
};
