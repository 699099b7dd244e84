type EpochTimes = {
  /** The last look before anything was heard of the epoch. */
  readonly begunAfterMs: number;
  /** Oldest first; all readings before `nextSeq` had been accepted by then. */
  readonly looks: { readonly atMs: number; readonly nextSeq: number }[];
};

/**
 * How long readings took from the outbox to the broker, told by somebody who asks the gateway now and then what it has
 * accepted: each took at most the time since the last look at which it had not been there. Lookers are away
 * whenever the gateway is, so that outages count in full.
 */
export class DeliveryTimes {
  readonly #epochs = new Map<string, EpochTimes>();
  #lastLookMs: number;
  #longestMs = 0;

  constructor(startMs: number) {
    this.#lastLookMs = startMs;
  }

  /** `atMs`: before the gateway was asked. */
  look(atMs: number, { epoch, nextSeq }: { readonly epoch: string; readonly nextSeq: number }): void {
    this.#times(epoch).looks.push({ atMs, nextSeq });
    this.#lastLookMs = atMs;
  }

  /** The first arrival of a reading. */
  deliver(atMs: number, { epoch, seq }: { readonly epoch: string; readonly seq: number }): void {
    const { looks, begunAfterMs } = this.#times(epoch);
    const notYet = looks.findLast(({ nextSeq }) => nextSeq <= seq);
    this.#longestMs = Math.max(this.#longestMs, atMs - (notYet?.atMs ?? begunAfterMs));
  }

  longestMs(): number {
    return this.#longestMs;
  }

  #times(epoch: string): EpochTimes {
    const times = this.#epochs.get(epoch) ?? { begunAfterMs: this.#lastLookMs, looks: [] };
    this.#epochs.set(epoch, times);
    return times;
  }
}
