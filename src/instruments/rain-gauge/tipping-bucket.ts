import { z } from 'zod';
import type { Log } from '../../log.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import type { StateChanges } from '../../outbox/records.ts';
import { createBounceFilter } from '../contacts.ts';

export type TippingBucketOptions = {
  readonly mmPerTip: number;
  readonly lockoutMs: number;
  readonly outbox: Pick<Outbox, 'getState' | 'putState'>;
  readonly log: Log;
};

/** Rain that no reading has reported yet. */
export type UnreportedRain = {
  readonly mm: number;
  /** Whether tips followed each other faster than a bucket can: some of them were no rain. */
  readonly isTooFast: boolean;
  /** To be written in one commit with the reading that reports it: either both survive a power cut or neither. */
  readonly state: StateChanges;
  /** To be called once that commit is on disk. */
  readonly settle: () => void;
};

const TIPS = 'rainTips';
const REPORTED = 'rainReported';

/** A bucket takes 0.52 s to move (Duchon et al. 2014). */
const MIN_BETWEEN_TIPS_MS = 500;

const tipCount = z.int().nonnegative();

/**
 * A tipping bucket whose contact closes once a tip. Each tip is saved when it happens, under a key of its own:
 * the total never goes back, whatever order the two totals reach the disk in.
 */
export class TippingBucket {
  readonly #options: TippingBucketOptions;
  readonly #isTip: (atMs: number) => boolean;
  #tips: number;
  #saved: number;
  #reported: number;
  /** When the tips after the last closed interval happened. */
  #recentMs: number[] = [];
  #lastTipMs = Number.NEGATIVE_INFINITY;
  /** Tips that came too soon after the one before and were not reported. */
  #tooFastMs: number[] = [];
  #saving: Promise<void> | null = null;
  #isSaveFailing = false;

  private constructor(options: TippingBucketOptions, tips: number, reported: number) {
    this.#options = options;
    this.#isTip = createBounceFilter(options.lockoutMs);
    this.#tips = tips;
    this.#saved = tips;
    this.#reported = reported;
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

  /** One falling edge, bounce included. */
  noteEdge(atMs: number): void {
    if (!this.#isTip(atMs)) return;
    this.#tips += 1;
    this.#recentMs.push(atMs);
    if (atMs - this.#lastTipMs < MIN_BETWEEN_TIPS_MS) this.#tooFastMs.push(atMs);
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
    this.#recentMs = this.#recentMs.filter((tipMs) => tipMs >= atMs);
    const tips = this.#tips - this.#recentMs.length;
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
