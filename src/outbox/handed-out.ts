import type { ScannedRecord } from './lane-scan.ts';
import { type Amount, add, nothing } from './ledger.ts';
import { isBefore, type Place } from './place.ts';

type Sized = Pick<ScannedRecord, 'place' | 'bytes'>;

/** The sizes of what was handed out from a lane, so that acknowledging it need not read it again. */
export class HandedOut {
  #from: Place | null = null;
  #next: Place | null = null;
  #records: Sized[] = [];

  /** Everything that waited from `from` up to and without `next` was handed out. */
  note(from: Place, next: Place, records: readonly ScannedRecord[]): void {
    const isContinued =
      this.#from !== null &&
      this.#next !== null &&
      !isBefore(this.#next, from) &&
      !isBefore(from, this.#next);
    if (!isContinued) {
      this.#from = from;
      this.#records = [];
    }
    this.#next = next;
    this.#records.push(...records.map(({ place, bytes }) => ({ place, bytes })));
  }

  forget({ epoch, seq }: Place): void {
    this.#records = this.#records.filter(({ place }) => place.epoch !== epoch || place.seq !== seq);
  }

  /** What waits from `head` up to and without `until`, or `null` when not all of that was handed out. */
  take(head: Place, until: Place): Amount | null {
    if (this.#from === null || this.#next === null) return null;
    if (isBefore(head, this.#from) || isBefore(this.#next, until)) return null;
    const count = this.#records.findIndex(({ place }) => !isBefore(place, until));
    const taken = this.#records.splice(0, count === -1 ? this.#records.length : count);
    this.#from = until;
    return taken
      .filter(({ place }) => !isBefore(place, head))
      .reduce<Amount>((sum, { bytes }) => add(sum, { count: 1, bytes }), nothing);
  }

  /** What was handed out is not known any more, so that it will be read again. */
  reset(): void {
    this.#from = null;
    this.#records = [];
  }
}
