import { readFileSync } from 'node:fs';
import type { Log } from '../log.ts';
import type { Clock } from '../time/clock.ts';
import { BYTES_PER_MEGABYTE } from '../weather/format.ts';

/**
 * Bytes that this process caused to be written to storage, as the kernel counts them (proc_pid_io(5), write_bytes:
 * whole pages, journal excluded). The fallback answers where the kernel does not count.
 */
export const processWrittenBytes = (fallback: () => number, path = '/proc/self/io'): number => {
  try {
    const bytes = /^write_bytes: (\d+)$/m.exec(readFileSync(path, 'utf8'))?.[1];
    return bytes === undefined ? fallback() : Number(bytes);
  } catch {
    return fallback();
  }
};

const dayOf = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 10);

type WriteBudgetParts = {
  readonly budgetMegabytes: number;
  readonly log: Log;
  /** Bytes written since the process began; never falls. */
  readonly writtenBytes: () => number;
  readonly clock: Pick<Clock, 'wallMs'>;
};

/** Flash wears out by what is written to it: bytes of this UTC day, and a warning on a day that exceeds its budget. */
export class WriteBudget {
  readonly #parts: WriteBudgetParts;
  #day: string;
  #bytesBefore = 0;
  #isWarned = false;

  constructor(parts: WriteBudgetParts) {
    this.#parts = parts;
    this.#day = dayOf(parts.clock.wallMs());
  }

  /** Bytes of this day. Look often: what was written since the last look counts for the day of this one. */
  look(): number {
    const { budgetMegabytes, clock, log, writtenBytes } = this.#parts;
    const total = writtenBytes();
    const day = dayOf(clock.wallMs());
    if (day !== this.#day) {
      this.#day = day;
      this.#bytesBefore = total;
      this.#isWarned = false;
    }
    const bytesToday = total - this.#bytesBefore;
    if (bytesToday > budgetMegabytes * BYTES_PER_MEGABYTE && !this.#isWarned) {
      this.#isWarned = true;
      log.warn(
        { day, bytesToday, budgetMegabytes },
        'more was written to the disk today than the budget allows',
      );
    }
    return bytesToday;
  }
}
