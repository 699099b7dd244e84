import { z } from 'zod';
import { decimalNumber, gpioLine } from '../../config/fields.ts';
import type { EdgeLevel } from '../../gpio/lines.ts';
import type { Log } from '../../log.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import type { StateChanges } from '../../outbox/records.ts';
import { MAX_RAIN_MM_PER_MINUTE } from '../../weather/quantities.ts';
import { type BounceFilter, createBounceFilter } from '../contacts.ts';
import { defineInstrument, type InstrumentParts, type Measured, type OpenInstrument } from '../instrument.ts';

type TippingBucketOptions = {
  readonly mmPerTip: number;
  readonly lockoutMs: number;
  readonly outbox: Pick<Outbox, 'getState' | 'putState'>;
  readonly log: Log;
};

export type Rain = {
  readonly mm: number;
  /** Whether tips followed each other faster than a bucket can: some of them were no rain. */
  readonly isTooFast: boolean;
};

/** Rain that no reading has reported yet. */
type UnreportedRain = Rain & {
  /** To be written in one commit with the reading that reports it: either both survive a power cut or neither. */
  readonly state: StateChanges;
  /** To be called once that commit is on disk. */
  readonly settle: () => void;
};

const TIPS = 'rainTips';
const REPORTED = 'rainReported';

/** A bucket of 0.2 mm or more takes 0.52 s to move (Duchon et al. 2014). */
const BUCKET_MS = 500;

/** The least time between two tips of rain. */
const fastestTipMs = (mmPerTip: number): number =>
  Math.min(BUCKET_MS, (60_000 * mmPerTip) / MAX_RAIN_MM_PER_MINUTE);

const tipCount = z.int().nonnegative();

/**
 * A tipping bucket whose contact closes once a tip. Each tip is saved when it happens, under a key of its own:
 * the total never goes back, whatever order the two totals reach the disk in.
 */
export class TippingBucket {
  readonly #options: TippingBucketOptions;
  readonly #isTip: BounceFilter;
  #tips: number;
  #saved: number;
  #reported: number;
  /** When the tips after the last closed interval happened. */
  #recentMs: number[] = [];
  #lastTipMs = Number.NEGATIVE_INFINITY;
  /** Tips that came too soon after the one before and were not reported. */
  #tooFastMs: number[] = [];
  #newestTooFastMs = Number.NEGATIVE_INFINITY;
  /** The end of the last interim measurement, and the tips until then. */
  #interim: { readonly tips: number; readonly atMs: number };
  #saving: Promise<void> | null = null;
  #isSaveFailing = false;

  private constructor(options: TippingBucketOptions, tips: number, reported: number) {
    this.#options = options;
    this.#isTip = createBounceFilter(options.lockoutMs);
    this.#tips = tips;
    this.#saved = tips;
    this.#reported = reported;
    this.#interim = { tips: reported, atMs: Number.NEGATIVE_INFINITY };
  }

  /** Reads how many tips were ever counted and how many of them were reported. */
  static async open(options: TippingBucketOptions): Promise<TippingBucket> {
    const saved = async (key: string): Promise<number> => {
      const parsed = tipCount.safeParse((await options.outbox.getState(key)) ?? 0);
      if (parsed.success) return parsed.data;
      options.log.warn({ key }, 'a saved rain total cannot be read and begins at 0');
      return 0;
    };
    const reported = await saved(REPORTED);
    // A reading may have been stored while saving its tips failed.
    return new TippingBucket(options, Math.max(reported, await saved(TIPS)), reported);
  }

  /** Tips ever counted. */
  get tips(): number {
    return this.#tips;
  }

  /** One edge, bounce included. */
  noteEdge(atMs: number, level: EdgeLevel): void {
    if (!this.#isTip(atMs, level)) return;
    this.#tips += 1;
    this.#recentMs.push(atMs);
    if (atMs - this.#lastTipMs < fastestTipMs(this.#options.mmPerTip)) {
      this.#tooFastMs.push(atMs);
      this.#newestTooFastMs = atMs;
    }
    this.#lastTipMs = atMs;
    void this.save();
  }

  /** Resolves once every tip is on disk, or could not be written; it never rejects. */
  save(): Promise<void> {
    this.#saving ??= this.#write().finally(() => {
      this.#saving = null;
    });
    return this.#saving;
  }

  /** What fell before `atMs` and was not reported. It stays unreported until it is settled. */
  close(atMs: number): UnreportedRain {
    const tips = this.#tipsBefore(atMs);
    this.#recentMs = this.#recentMs.filter((tipMs) => tipMs >= atMs);
    return {
      mm: (tips - this.#reported) * this.#options.mmPerTip,
      isTooFast: this.#tooFastMs.some((tipMs) => tipMs < atMs),
      state: { [REPORTED]: tips },
      settle: () => {
        this.#reported = tips;
        this.#tooFastMs = this.#tooFastMs.filter((tipMs) => tipMs >= atMs);
      },
    };
  }

  /** What fell since the last interim measurement, reported or not. */
  closeInterim(atMs: number): Rain {
    const tips = this.#tipsBefore(atMs);
    const mm = (tips - this.#interim.tips) * this.#options.mmPerTip;
    const isTooFast = this.#newestTooFastMs >= this.#interim.atMs;
    this.#interim = { tips, atMs };
    return { mm, isTooFast };
  }

  #tipsBefore(atMs: number): number {
    return this.#tips - this.#recentMs.filter((tipMs) => tipMs >= atMs).length;
  }

  async #write(): Promise<void> {
    const { outbox, log } = this.#options;
    try {
      while (this.#saved < this.#tips) {
        const tips = this.#tips;
        await outbox.putState({ [TIPS]: tips });
        this.#saved = tips;
      }
      if (this.#isSaveFailing) log.info({ tips: this.#tips }, 'the rain total is saved again');
      this.#isSaveFailing = false;
    } catch (error) {
      if (!this.#isSaveFailing) log.warn({ err: error, tips: this.#tips }, 'the rain total was not saved');
      this.#isSaveFailing = true;
    }
  }
}

const schema = z
  .strictObject({
    gpio: gpioLine().describe('BCM number of the line. 0 to 27; 6 has a pull-up from power-on.'),
    mmPerTip: decimalNumber(0.01, 10)
      .default(0.2794)
      .describe('Rain in one tip of the bucket, mm. 0.01 to 10.'),
    lockoutMilliseconds: decimalNumber(0, 1000)
      .default(150)
      .describe(
        'Edges that follow a counted one within this time are contact bounce, ms. 0 to 1000; without it less for a bucket that tips faster.',
      ),
  })
  .describe('Tipping bucket with a reed contact to ground.');

type RainGaugeConfig = z.output<typeof schema>;

/** A tipping bucket whose contact closes once a tip. */
export const rainGauge = defineInstrument({
  key: 'rainGauge',
  title: 'Rain gauge',
  schema,
  wiring: { gpios: ['gpio'] },
  corrections: ['mmPerTip', 'lockoutMilliseconds'],
  quantities: () => ['rainheight'],
  lockout: (config, { rain }) => ({
    ms: config.lockoutMilliseconds,
    isDefaultShortened: true,
    shortestMs: (60_000 * config.mmPerTip) / rain.maxMmPerMinute,
    when: `at ${rain.maxMmPerMinute} mm a minute (quality.rain.maxMmPerMinute) and ${config.mmPerTip} mm a tip`,
  }),
  open: (config, parts) => openRainGauge(config, parts),
  simulated: () => import('./simulated.ts'),
});

/** Reads the totals of earlier runs. */
const openRainGauge = async (
  config: RainGaugeConfig,
  { outbox, log }: Pick<InstrumentParts, 'outbox' | 'log'>,
): Promise<OpenInstrument> => {
  const { gpio, mmPerTip, lockoutMilliseconds } = config;
  const lockoutMs = Math.min(lockoutMilliseconds, fastestTipMs(mmPerTip));
  const bucket = await TippingBucket.open({ mmPerTip, lockoutMs, outbox, log });
  return {
    measure: ({ atMs }) => {
      const { mm, isTooFast, state, settle } = bucket.close(atMs);
      return {
        ...rainOf({ mm, isTooFast }),
        state,
        settle,
      };
    },
    measureInterim: ({ atMs }) => rainOf(bucket.closeInterim(atMs)),
    contact: { gpio, noteEdge: (atMs, level) => bucket.noteEdge(atMs, level) },
    save: () => bucket.save(),
  };
};

const rainOf = ({ mm, isTooFast }: Rain): Measured => ({
  values: { rainheight: mm },
  doubts: isTooFast ? { rainheight: 'suspect:bounce' } : {},
});
