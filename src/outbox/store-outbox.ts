import type { Log } from '../log.ts';
import { StorageFullError, type Store } from '../store/store.ts';
import { acknowledge } from './acknowledge.ts';
import { Clearing } from './clearing.ts';
import type { Draft } from './draft.ts';
import { giveUpLossAt, keepBound } from './eviction.ts';
import type { TimeOf } from './gap.ts';
import { HandedOut } from './handed-out.ts';
import type { HighWaterMark } from './high-water.ts';
import { Journal } from './journal.ts';
import type { Loss } from './lane-scan.ts';
import { epochNamed, type Ledger, placeAfter, statsOf, waitingBytes } from './ledger.ts';
import {
  type JsonValue,
  type Lane,
  lanes,
  type Outbox,
  type OutboxRecord,
  type OutboxStats,
  type PeekLimit,
  type Position,
  type StateChanges,
} from './outbox.ts';
import { pickRecords } from './pick.ts';
import { epochOf, isBefore, type Place } from './place.ts';
import { setAside } from './set-aside.ts';
import { readState, stateChanges } from './state.ts';
import { parseBody } from './stored-record.ts';

/** Below this share of its bound a full outbox counts as recovered. */
const RECOVERED_SHARE = 0.9;

export type StoreOutboxParts = {
  readonly store: Store;
  readonly log: Log;
  readonly maxBytes: number;
  readonly timeOf: TimeOf;
  readonly highWaterMark: HighWaterMark;
};

/** The outbox on a store. */
export class StoreOutbox implements Outbox {
  readonly #parts: StoreOutboxParts;
  readonly #journal: Journal;
  readonly #clearing: Clearing;
  readonly #handedOut: Readonly<Record<Lane, HandedOut>> = {
    reading: new HandedOut(),
    prealert: new HandedOut(),
    gap: new HandedOut(),
  };
  #isFull = false;
  /** What was evicted still lies on the disk. */
  #hasEvicted = false;

  /** Goes on from the ledger that was found on the disk. */
  constructor(parts: StoreOutboxParts, ledger: Ledger) {
    this.#parts = parts;
    this.#clearing = new Clearing(parts.store, parts.log, ledger);
    const onFailure = (): void => {
      for (const lane of lanes) this.#handedOut[lane].reset();
    };
    this.#journal = new Journal(
      { ...parts, clearing: this.#clearing, keepBound: (draft) => this.#keepBound(draft), onFailure },
      ledger,
    );
  }

  get epoch(): string {
    return epochOf(this.#journal.ledger.epoch);
  }

  async append(lane: 'reading' | 'prealert', body: JsonValue, state: StateChanges = {}): Promise<Position> {
    const json = JSON.stringify(body);
    const changes = stateChanges(state);
    const place = await this.#journal.run({
      durability: 'synced',
      apply: (draft) => {
        for (const { key, value } of changes) draft.put(key, value);
        return draft.append(lane, json);
      },
    });
    if (this.#hasEvicted) {
      this.#hasEvicted = false;
      for (const evictedLane of lanes) await this.#clear(evictedLane, 0);
    }
    return { epoch: epochOf(place.epoch), seq: place.seq };
  }

  async peek(lane: Lane, { after, ...limit }: PeekLimit): Promise<OutboxRecord[]> {
    if (lane === 'gap') await this.#journal.fixGaps();
    const from = this.#firstAfter(lane, after);
    const parts = {
      store: this.#parts.store,
      ledger: () => this.#journal.ledger,
      giveUp: (loss: Loss) => this.#giveUp(lane, loss),
    };
    const { records, next } = await pickRecords(parts, lane, { ...limit, from });
    this.#handedOut[lane].note(from, next, records);
    return records.map(({ place, json }) => ({
      epoch: epochOf(place.epoch),
      seq: place.seq,
      body: parseBody(json),
    }));
  }

  async acknowledge(lane: Lane, upTo: Position): Promise<void> {
    const place = this.#placeOf(upTo);
    if (place === null) return;
    const count = await this.#journal.run({
      durability: 'lazy',
      apply: (draft) => acknowledge(draft, { lane, upTo: place, handedOut: this.#handedOut[lane] }),
    });
    if (count > 0) await this.#clear(lane, count);
  }

  async setAside(lane: Lane, position: Position, reason: string): Promise<void> {
    const place = this.#placeOf(position);
    if (place === null) return;
    const { timeOf, log } = this.#parts;
    const wasWaiting = await this.#journal.run({
      durability: 'synced',
      isAlone: true,
      apply: (draft) => {
        this.#handedOut[lane].forget(place);
        return setAside(draft, { lane, place, reason, timeOf });
      },
    });
    if (wasWaiting) log.error({ lane, ...position, reason }, 'a record that can never be sent was set aside');
  }

  async getState(key: string): Promise<JsonValue | undefined> {
    const { value, isDamaged } = await readState(this.#parts.store, key);
    if (isDamaged) this.#parts.log.error({ key }, 'a damaged piece of state was forgotten');
    return value;
  }

  putState(changes: StateChanges): Promise<void> {
    return this.#journal.run({
      durability: 'synced',
      apply: (draft) => {
        for (const { key, value } of stateChanges(changes)) draft.put(key, value);
      },
    });
  }

  stats(): OutboxStats {
    return statsOf(this.#journal.ledger);
  }

  async close(): Promise<void> {
    await this.#journal.drained();
    await this.#clearing.finished();
    this.#parts.highWaterMark.close();
  }

  #placeOf({ epoch, seq }: Position): Place | null {
    const key = epochNamed(this.#journal.ledger, epoch);
    return key === undefined ? null : { epoch: key, seq };
  }

  #firstAfter(lane: Lane, after: Position | undefined): Place {
    const { ledger } = this.#journal;
    const { head } = ledger.lanes[lane];
    const place = after === undefined ? null : this.#placeOf(after);
    return place === null || isBefore(place, head) ? head : placeAfter(ledger, lane, place);
  }

  /** Resolves with where to go on, or with `null` when it could not be written down. */
  async #giveUp(lane: Lane, { from }: Loss): Promise<Place | null> {
    try {
      const { goOn, givenUp } = await this.#journal.run({
        durability: 'synced',
        isAlone: true,
        apply: (draft) => giveUpLossAt(draft, lane, from),
      });
      if (givenUp !== null) this.#parts.log.error({ lane, ...givenUp }, 'damaged records were given up');
      return goOn;
    } catch (error) {
      if (error instanceof StorageFullError) return null;
      throw error;
    }
  }

  async #keepBound(draft: Draft): Promise<void> {
    const { maxBytes, log } = this.#parts;
    if ((await keepBound(draft, this.#parts)) === 0) return;
    this.#hasEvicted = true;
    if (!this.#isFull) log.warn({ maxBytes }, 'the outbox is full, the oldest records are given up');
    this.#isFull = true;
  }

  async #clear(lane: Lane, count: number): Promise<void> {
    const { ledger } = this.#journal;
    const { head } = ledger.lanes[lane];
    await this.#clearing.clear(lane, { head, count, isEmpty: this.stats().lanes[lane].waiting === 0 });
    if (waitingBytes(ledger) < this.#parts.maxBytes * RECOVERED_SHARE) this.#isFull = false;
  }
}
