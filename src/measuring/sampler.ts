import type { StationInstruments } from '../instruments/station-instruments.ts';
import type { StateChanges } from '../outbox/records.ts';
import type { Clock } from '../time/clock.ts';
import { every } from '../time/schedule.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';
import type { Instant } from '../weather/reading.ts';
import type { Progress } from './progress.ts';
import { combine } from './raw-measurement.ts';
import type { Recorder } from './recorder.ts';

export type SamplerParts = {
  readonly instruments: StationInstruments;
  readonly clock: Clock;
  readonly timeKeeper: Pick<TimeKeeper, 'now'>;
  readonly progress: Pick<Progress, 'noteSample'>;
  /** Between two readings, a whole number of seconds. */
  readonly intervalMs: number;
  readonly recorder: Pick<Recorder, 'deliver'>;
};

const SAMPLE_EVERY_MS = 1_000;

/** Cuts time into intervals and makes one reading of each. */
export class Sampler {
  readonly #parts: SamplerParts;
  #fromMs: number | null = null;
  #dueMs = 0;

  constructor(parts: SamplerParts) {
    this.#parts = parts;
  }

  /**
   * Samples every second and delivers a reading every interval, the first after one whole interval, until the signal
   * aborts. A sensor that does not work costs its values only; it is asked again without end.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { instruments, clock, progress } = this.#parts;
    const watching = untilItFails(instruments.watch(), signal);
    const sampling = every(SAMPLE_EVERY_MS, { clock, signal }, async () => {
      await this.#sample();
      progress.noteSample();
    });
    await Promise.race([watching, sampling]);
    await instruments.save();
  }

  /** One sample of what is sampled; at the end of an interval also its reading. */
  async #sample(): Promise<void> {
    const { timeKeeper, intervalMs, instruments } = this.#parts;
    const at = timeKeeper.now();
    if (this.#fromMs === null) {
      this.#fromMs = at.monotonicMs;
      this.#dueMs = at.monotonicMs + intervalMs;
    }
    // A timer may fire a little early.
    const overdueMs = at.monotonicMs + SAMPLE_EVERY_MS / 2 - this.#dueMs;
    if (overdueMs >= 0) {
      this.#dueMs += (Math.floor(overdueMs / intervalMs) + 1) * intervalMs;
      await this.#report(at, at.monotonicMs - this.#fromMs);
      this.#fromMs = at.monotonicMs;
    }
    await instruments.sample();
  }

  /** What the disk does not take is reported with the next reading. */
  async #report(at: Instant, lengthMs: number): Promise<void> {
    const { instruments, recorder } = this.#parts;
    const { raw, reported } = combine(at, await instruments.measure({ atMs: at.monotonicMs, lengthMs }));
    const state: StateChanges = Object.assign({}, ...reported.map((measured) => measured.state ?? {}));
    const isStored = await recorder.deliver(raw, state);
    if (isStored) for (const { settle } of reported) settle?.();
  }
}

/** Never resolves: an edge source that comes late is no reason to end, one that cannot work is. */
const untilItFails = async (watching: Promise<void>, signal: AbortSignal): Promise<void> => {
  await watching.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  await new Promise(() => undefined);
};
