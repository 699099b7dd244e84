import { type InstrumentsParts, openInstruments } from '../instruments/instruments.ts';
import type { InstrumentStatus } from '../status/status.ts';
import { every } from '../time/schedule.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';
import { formatDatetime } from '../weather/message.ts';
import type { Progress } from './progress.ts';
import { type Deliver, SamplerIntervals } from './sampler-intervals.ts';

export type SamplerParts = Omit<InstrumentsParts, 'datetime'> & {
  readonly timeKeeper: Pick<TimeKeeper, 'now'>;
  readonly progress: Pick<Progress, 'noteSample'>;
  /** Between two readings, a whole number of seconds. */
  readonly intervalMs: number;
};

export type Sampler = {
  /**
   * Samples every second and delivers a reading every interval, the first after one whole interval, until the signal
   * aborts. A sensor that does not work costs its values only; it is asked again for ever.
   */
  run(signal: AbortSignal, deliver: Deliver): Promise<void>;
  instruments(): readonly InstrumentStatus[];
  suspectedMissedPulses(): number;
};

const SAMPLE_EVERY_MS = 1_000;

/** Resolves never: an edge source that comes late is no reason to end, one that cannot work is. */
const untilItFails = async (watching: Promise<void>, signal: AbortSignal): Promise<void> => {
  await watching.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  await new Promise(() => undefined);
};

/** Reads the rain totals of earlier runs; nothing is sampled before `run`. */
export const createSampler = async (parts: SamplerParts): Promise<Sampler> => {
  const { clock, timeKeeper, progress, intervalMs } = parts;
  const instruments = await openInstruments({ ...parts, datetime: () => formatDatetime(clock.wallMs()) });

  const run = async (signal: AbortSignal, deliver: Deliver): Promise<void> => {
    const intervals = new SamplerIntervals({
      instruments,
      now: () => timeKeeper.now(),
      intervalMs,
      sampleEveryMs: SAMPLE_EVERY_MS,
      deliver,
    });
    const watching = untilItFails(instruments.pulseInputs.watch(), signal);
    const sampling = every(SAMPLE_EVERY_MS, { clock, signal }, async () => {
      await intervals.sample();
      progress.noteSample();
    });
    await Promise.race([watching, sampling]);
    await instruments.rainGauge?.instrument.save();
  };

  return {
    run,
    instruments: () => instruments.healths.map((health) => health.status()),
    suspectedMissedPulses: () => parts.buses.edgeSource.suspectedMissed(),
  };
};
