import type { Log } from '../log.ts';
import { StorageFullError, type Store } from '../store/store.ts';
import { type Ledger, withLane } from './ledger.ts';
import { type Lane, lanes } from './outbox.ts';
import { laneRange, type Place, recordKey } from './place.ts';

/** Deleted entries after which a lane that has been drained is worth compacting. */
const COMPACT_AFTER = 20_000;

type Drained = { readonly head: Place; readonly count: number; readonly isEmpty: boolean };

/** Deletes from the disk what the ledger says is gone. Behind it by one step at a crash, which costs only space. */
export class Clearing {
  readonly #store: Store;
  readonly #log: Log;
  readonly #cleared: Record<Lane, Place>;
  #deletedSinceCompaction = 0;
  #compaction: Promise<void> = Promise.resolve();

  constructor(store: Store, log: Log, ledger: Ledger) {
    this.#store = store;
    this.#log = log;
    this.#cleared = {
      reading: ledger.lanes.reading.cleared,
      prealert: ledger.lanes.prealert.cleared,
      gap: ledger.lanes.gap.cleared,
    };
  }

  /** The ledger with what has been deleted by now. */
  noteIn(ledger: Ledger): Ledger {
    return lanes.reduce((noted, lane) => withLane(noted, lane, { cleared: this.#cleared[lane] }), ledger);
  }

  /** A full disk leaves it for the next time. */
  async clear(lane: Lane, { head, count, isEmpty }: Drained): Promise<void> {
    const range = { from: recordKey(lane, this.#cleared[lane]), until: recordKey(lane, head) };
    if (range.from >= range.until) return;
    if (!(await this.#attempt(() => this.#store.deleteRange(range)))) return;
    this.#cleared[lane] = head;
    this.#deletedSinceCompaction += count;
    if (this.#deletedSinceCompaction < COMPACT_AFTER || !isEmpty) return;
    this.#deletedSinceCompaction = 0;
    this.#compaction = this.#compact(lane);
  }

  async finished(): Promise<void> {
    await this.#compaction;
  }

  async #compact(lane: Lane): Promise<void> {
    await this.#compaction;
    if (await this.#attempt(() => this.#store.compact(laneRange(lane))))
      this.#log.debug({ lane }, 'the space of a drained backlog was given back');
  }

  async #attempt(change: () => Promise<void>): Promise<boolean> {
    try {
      await change();
      return true;
    } catch (error) {
      if (error instanceof StorageFullError) return false;
      throw error;
    }
  }
}
