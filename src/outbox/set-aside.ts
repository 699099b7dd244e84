import { z } from 'zod';
import type { Store } from '../store/store.ts';
import type { Draft } from './draft.ts';
import type { TimeOf } from './gap.ts';
import { endOf } from './ledger.ts';
import { type JsonValue, type Lane, lanes } from './outbox.ts';
import { epochOf, isBefore, laneRange, type Place, recordKey } from './place.ts';
import { seal, unseal } from './sealed.ts';
import { decodeRecord, parseBody, recordBytes } from './stored-record.ts';

/** The newest ones are kept for a person to look at. */
export const SET_ASIDE_KEPT = 100;

const setAsideSchema = z.strictObject({
  lane: z.enum(lanes),
  epoch: z.string(),
  seq: z.int(),
  reason: z.string(),
  body: z.json(),
});

/** What is kept of a record that can never be sent. */
export type SetAsideRecord = Readonly<Omit<z.infer<typeof setAsideSchema>, 'body'>> & {
  readonly body: JsonValue;
};

/** All of them lie in one epoch, so that they are numbered through the store's life. */
const placeOfAside = (seq: number): Place => ({ epoch: '000000-00000000000000000000000000', seq });

export type SetAsideRequest = {
  readonly lane: Lane;
  readonly place: Place;
  readonly reason: string;
  readonly timeOf: TimeOf;
};

const keep = (draft: Draft, record: SetAsideRecord): void => {
  const { nextSeq } = draft.ledger.aside;
  const key = recordKey('aside', placeOfAside(nextSeq));
  draft.put(key, seal(key, JSON.stringify(record)));
  if (nextSeq > SET_ASIDE_KEPT) draft.put(recordKey('aside', placeOfAside(nextSeq - SET_ASIDE_KEPT)), null);
  draft.setLedger({ ...draft.ledger, aside: { nextSeq: nextSeq + 1 } });
};

/** Resolves with whether the record still waited; a reading is told of as a gap of the reason `refused`. */
export const setAside = async (draft: Draft, request: SetAsideRequest): Promise<boolean> => {
  const { lane, place, reason, timeOf } = request;
  const isOutside =
    isBefore(place, draft.ledger.lanes[lane].head) || !isBefore(place, endOf(draft.parts.committed, lane));
  if (isOutside) return false;
  const key = recordKey(lane, place);
  const value = await draft.parts.store.get(key);
  const record = value === undefined ? null : decodeRecord(key, value);
  if (record?.kind !== 'accepted') return false;
  const body = parseBody(record.json);
  const { seq } = place;
  const epoch = epochOf(place.epoch);
  keep(draft, { lane, epoch, seq, reason, body });
  const amount = { count: 1, bytes: recordBytes(record.json) };
  draft.take(lane, { epoch: place.epoch, from: seq, to: seq }, [amount, 'setAside']);
  if (lane !== 'reading') return true;
  const at = timeOf(body);
  await draft.tellGap({ epoch, fromseq: seq, toseq: seq, count: 1, reason: 'refused', from: at, to: at });
  return true;
};

/** What was set aside, oldest first; damaged ones are passed over. */
export const readSetAside = async (store: Store): Promise<readonly SetAsideRecord[]> =>
  (await store.entries(laneRange('aside'))).flatMap(([key, value]) => {
    const text = unseal(key, value);
    return text === null ? [] : [setAsideSchema.parse(JSON.parse(text))];
  });
