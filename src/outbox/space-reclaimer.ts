import type { Log } from '../log.ts';
import { StorageFullError, type Store } from '../store/store.ts';
import { type Ledger, waitingOf, withLane } from './ledger.ts';
import { laneRange, type RecordKey, recordKey } from './record-key.ts';
import { type RecordLane, recordLanes } from './records.ts';

/** Deleted entries after which a lane that has been drained is worth compacting. */
const COMPACT_AFTER = 20_000;

/** Deletes from the disk what the ledger says is gone. Behind it by one step at a crash, which costs only space. */
export class SpaceReclaimer {
  readonly #store: Store;
  readonly #log: Log;
  readonly #cleared: Record<RecordLane, RecordKey>;
  #deletedSinceCompaction = 0;
  #compaction: Promise<void> = Promise.resolve();

  constructor(store: Store, log: Log, { lanes }: Ledger) {
    this.#store = store;
    this.#log = log;
    this.#cleared = { reading: lanes.reading.cleared, prealert: lanes.prealert.cleared };
  }

  /** The ledger with what has been deleted by now. */
  noteIn(ledger: Ledger): Ledger {
    return recordLanes.reduce(
      (noted, lane) => withLane(noted, lane, { cleared: this.#cleared[lane] }),
      ledger,
    );
  }

  /** Deletes what left a lane, `count` records. A full disk leaves it for the next time. */
  async reclaim(ledger: Ledger, lane: RecordLane, count: number): Promise<void> {
    const { head } = ledger.lanes[lane];
    const range = { from: recordKey(lane, this.#cleared[lane]), until: recordKey(lane, head) };
    if (range.from >= range.until) return;
    if (!(await this.#attempt(() => this.#store.deleteRange(range)))) return;
    this.#cleared[lane] = head;
    this.#deletedSinceCompaction += count;
    if (this.#deletedSinceCompaction < COMPACT_AFTER || waitingOf(ledger.lanes[lane]).count > 0) return;
    this.#deletedSinceCompaction = 0;
    this.#compaction = this.#compact(lane);
  }

  async finished(): Promise<void> {
    await this.#compaction;
  }

  async #compact(lane: RecordLane): Promise<void> {
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
