import type { RecordedReading } from './recorded-reading.ts';

/** How a reading stands to those before it. */
export type Standing = 'new' | 'repeated' | 'older';

/** Knows the readings that were taken already, by epoch and sequence, else by their time. */
export class SeenReadings {
  readonly #ranges = new Map<string, Range[]>();
  #times = new Float64Array(4096);
  #count = 0;

  take({ raw, identity }: RecordedReading): Standing {
    const { wallMs } = raw.at;
    if (identity !== null && !this.#takeIdentity(identity)) return 'repeated';
    const newestMs = this.#times[this.#count - 1] ?? Number.NEGATIVE_INFINITY;
    if (this.#count > 0 && wallMs <= newestMs) {
      if (identity === null && this.#hasTime(wallMs)) return 'repeated';
      return wallMs < newestMs ? 'older' : 'new';
    }
    this.#addTime(wallMs);
    return 'new';
  }

  #takeIdentity(identity: string): boolean {
    const slash = identity.lastIndexOf('/');
    const epoch = identity.slice(0, slash);
    const seq = Number(identity.slice(slash + 1));
    const ranges = this.#ranges.get(epoch) ?? [];
    this.#ranges.set(epoch, ranges);
    const range = ranges.findLast(({ from }) => from <= seq);
    if (range !== undefined && seq <= range.to) return false;
    if (range !== undefined && seq === range.to + 1) range.to = seq;
    else {
      ranges.push({ from: seq, to: seq });
      ranges.sort((a, b) => a.from - b.from);
    }
    return true;
  }

  #hasTime(wallMs: number): boolean {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? 0) < wallMs) low = middle + 1;
      else high = middle;
    }
    return low < this.#count && this.#times[low] === wallMs;
  }

  #addTime(wallMs: number): void {
    if (this.#count === this.#times.length) {
      const grown = new Float64Array(this.#times.length * 2);
      grown.set(this.#times);
      this.#times = grown;
    }
    this.#times[this.#count] = wallMs;
    this.#count += 1;
  }
}

type Range = { readonly from: number; to: number };
