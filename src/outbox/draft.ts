import type { Store, StoreChange } from '../store/store.ts';
import type { GapReason } from '../weather/message.ts';
import { type GapBody, gapBodySchema, joinGaps } from './gap.ts';
import {
  type Amount,
  add,
  encodeLedger,
  endOf,
  epochNamed,
  forgetDrained,
  LEDGER_KEY,
  type Ledger,
  placeAfter,
  stretches,
  waitingOf,
  withLane,
} from './ledger.ts';
import type { Lane } from './outbox.ts';
import { type EpochKey, epochOf, isBefore, type Place, recordKey } from './place.ts';
import { decodeRecord, encodeRecord, parseBody, recordBytes } from './stored-record.ts';

export type Outcome = 'delivered' | 'setAside' | 'givenUp';

/** Places of one epoch, both ends included. */
export type Stretch = { readonly epoch: EpochKey; readonly from: number; readonly to: number };

export type GivenUp = {
  readonly stretch: Stretch;
  readonly amount: Amount;
  readonly reason: GapReason;
  readonly times: Pick<GapBody, 'from' | 'to'>;
};

export type DraftParts = {
  readonly store: Store;
  /** What is on the disk. */
  readonly committed: Ledger;
  /** A gap that was handed out may be on its way, and then another one tells of what follows. */
  readonly mayExtendGap: (place: Place) => boolean;
};

/** Changes that will be committed together, and the ledger as it is with them. */
export class Draft {
  readonly parts: DraftParts;
  #ledger: Ledger;
  #isLedgerWritten = false;
  readonly #changes: StoreChange[] = [];

  constructor(parts: DraftParts) {
    this.parts = parts;
    this.#ledger = parts.committed;
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  /** The newest record of a lane tells of itself, so that an append need not write the ledger. */
  changes(): readonly StoreChange[] {
    return this.#isLedgerWritten
      ? [...this.#changes, { key: LEDGER_KEY, value: encodeLedger(this.#ledger) }]
      : this.#changes;
  }

  put(key: string, value: string | null): void {
    this.#changes.push({ key, value });
  }

  setLedger(ledger: Ledger): void {
    this.#ledger = ledger;
    this.#isLedgerWritten = true;
  }

  append(lane: Lane, json: string): Place {
    const place = endOf(this.#ledger, lane);
    const accepted = add(this.#ledger.lanes[lane].accepted, { count: 1, bytes: recordBytes(json) });
    const key = recordKey(lane, place);
    this.put(key, encodeRecord(key, { kind: 'accepted', json, acceptedBytes: accepted.bytes }));
    this.#ledger = withLane(this.#ledger, lane, { accepted, nextSeq: place.seq + 1 });
    return place;
  }

  /** Forgets everything before `until`, `amount` of it records that still waited. */
  advance(lane: Lane, until: Place, [amount, outcome]: readonly [Amount, Outcome]): void {
    this.#remove(lane, amount, outcome);
    this.setLedger(forgetDrained(withLane(this.#ledger, lane, { head: until })));
  }

  /** Takes records out of the lane wherever they are, and leaves word that they are accounted for. */
  take(lane: Lane, stretch: Stretch, [amount, outcome]: readonly [Amount, Outcome]): void {
    const first = { epoch: stretch.epoch, seq: stretch.from };
    const after = placeAfter(this.#ledger, lane, { epoch: stretch.epoch, seq: stretch.to });
    if (!isBefore(this.#ledger.lanes[lane].head, first)) {
      this.advance(lane, after, [amount, outcome]);
      return;
    }
    const key = recordKey(lane, first);
    this.put(key, encodeRecord(key, { kind: 'taken', until: stretch.to }));
    this.#remove(lane, amount, outcome);
  }

  async giveUp(lane: Lane, { stretch, amount, reason, times }: GivenUp): Promise<void> {
    this.take(lane, stretch, [amount, 'givenUp']);
    if (lane === 'reading') await this.#tell(stretch, { count: amount.count, reason, ...times });
  }

  /** Gives up gaps that cannot be read any more, and tells instead of everything that they may have told of. */
  async giveUpGaps(stretch: Stretch, amount: Amount): Promise<void> {
    const { untold, lanes } = this.#ledger;
    this.take('gap', stretch, [amount, 'givenUp']);
    if (untold === null) return;
    for (const told of stretches(this.#ledger, 'reading', [untold, lanes.reading.head]))
      await this.#tell(told, { count: told.to - told.from + 1, reason: 'damaged', from: null, to: null });
  }

  async #tell(
    { epoch, from: fromseq, to: toseq }: Stretch,
    rest: Omit<GapBody, 'epoch' | 'fromseq' | 'toseq'>,
  ): Promise<void> {
    await this.tellGap({ epoch: epochOf(epoch), fromseq, toseq, ...rest });
  }

  /** Extends the newest gap where it can, so that a station that is full for months has one and not a million. */
  async tellGap(gap: GapBody): Promise<void> {
    this.#noteUntold(gap);
    const newest = await this.#newestGap();
    const joined = newest && this.parts.mayExtendGap(newest.place) ? joinGaps(newest.body, gap) : null;
    if (newest === null || joined === null) {
      this.append('gap', JSON.stringify(gap));
      return;
    }
    const json = JSON.stringify(joined);
    const { accepted } = this.#ledger.lanes.gap;
    const grown = { ...accepted, bytes: accepted.bytes + recordBytes(json) - newest.bytes };
    const key = recordKey('gap', newest.place);
    this.put(key, encodeRecord(key, { kind: 'accepted', json, acceptedBytes: grown.bytes }));
    this.setLedger(withLane(this.#ledger, 'gap', { accepted: grown }));
  }

  #noteUntold({ epoch, fromseq }: GapBody): void {
    const key = epochNamed(this.#ledger, epoch);
    if (key === undefined) return;
    const place = { epoch: key, seq: fromseq };
    const { untold } = this.#ledger;
    if (untold === null || isBefore(place, untold)) this.setLedger({ ...this.#ledger, untold: place });
  }

  #remove(lane: Lane, amount: Amount, outcome: Outcome): void {
    const own = this.#ledger.lanes[lane];
    const removed = add(own.removed, amount);
    const isDrained = waitingOf({ ...own, removed }).count === 0;
    // Damaged records leave their size unknown: what that makes wrong is made good whenever nothing waits.
    const ledger = withLane(this.#ledger, lane, { removed: isDrained ? own.accepted : removed });
    const { totals } = ledger;
    this.setLedger(
      lane === 'gap'
        ? { ...ledger, untold: isDrained ? null : ledger.untold }
        : { ...ledger, totals: { ...totals, [outcome]: totals[outcome] + amount.count } },
    );
  }

  async #newestGap(): Promise<{ place: Place; body: GapBody; bytes: number } | null> {
    const end = endOf(this.#ledger, 'gap');
    const place = { epoch: end.epoch, seq: end.seq - 1 };
    if (isBefore(place, this.#ledger.lanes.gap.head)) return null;
    const key = recordKey('gap', place);
    const value =
      this.#changes.findLast((change) => change.key === key)?.value ?? (await this.parts.store.get(key));
    const record = value === undefined ? null : decodeRecord(key, value);
    if (record?.kind !== 'accepted') return null;
    const body = gapBodySchema.safeParse(parseBody(record.json));
    return body.success ? { place, body: body.data, bytes: recordBytes(record.json) } : null;
  }
}
