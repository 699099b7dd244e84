import { z } from 'zod';
import type { Log } from '../log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Instant, Stamp } from '../weather/reading.ts';
import { type Boots, noteInstant } from './boots.ts';
import type { Clock } from './clock.ts';
import { readClocks } from './read-clocks.ts';
import { stampOf } from './stamp.ts';
import type { Synchronization } from './synchronization.ts';

/** A jump of wall against monotonic time larger than NTP ever slews between two looks. */
const STEP_MS = 2_000;
const LOOK_EVERY_MS = 1_000;
/** Asking costs a child process on systems without timesyncd. */
const ASK_EVERY_MS = 15_000;
const SAVE_EVERY_MS = 600_000;

const STATE_KEY = 'boots';

const savedBoots = z.array(
  z.strictObject({
    bootId: z.string(),
    synchronizedOffsetMs: z.number().nullable(),
    believedOffsetMs: z.number(),
    firstMonotonicMs: z.number(),
    lastMonotonicMs: z.number(),
  }),
);

export type TimeKeeperParts = {
  readonly bootId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly outbox: Pick<Outbox, 'getState' | 'putState'>;
  readonly synchronization: Synchronization;
};

export type ClockStatus = { readonly isSynchronized: boolean; readonly steps: number };

/** Knows which clock readings can be trusted, and stamps what was taken while they could not. */
export class TimeKeeper {
  readonly #parts: TimeKeeperParts;
  #boots: Boots = [];
  #isSynchronized = false;
  #mayTrustFlag = true;
  #steps = 0;
  #offsetMs: number;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #savedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: TimeKeeperParts) {
    this.#parts = parts;
    this.#offsetMs = this.#currentOffsetMs();
  }

  /** Reads what is known of earlier boots; a first look at the clock included. */
  async open(): Promise<void> {
    const { outbox, log } = this.#parts;
    const saved = savedBoots.safeParse((await outbox.getState(STATE_KEY)) ?? []);
    if (saved.success) this.#boots = saved.data;
    else log.warn({ key: STATE_KEY }, 'what was known of earlier boots cannot be read and is forgotten');
    await this.look();
  }

  /** Looks for a step first, so that no reading is called synchronized after one. */
  now(): Instant {
    this.#noticeStep();
    const { bootId, clock } = this.#parts;
    return { bootId, ...readClocks(clock), synchronized: this.#isSynchronized };
  }

  stampOf(at: Instant): Stamp {
    return stampOf(at, this.#boots);
  }

  status(): ClockStatus {
    return { isSynchronized: this.#isSynchronized, steps: this.#steps };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#parts.clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
      if (!signal.aborted) await this.look();
    }
  }

  /** One look at both clocks: notices steps, asks for synchronisation, saves what a later boot will need. */
  async look(): Promise<void> {
    this.#noticeStep();
    await this.#askForSynchronization();
    this.#boots = noteInstant(this.#boots, this.now());
    const monotonicMs = this.#parts.clock.monotonicMs();
    if (monotonicMs - this.#savedAtMs >= SAVE_EVERY_MS) await this.#save();
  }

  #currentOffsetMs(): number {
    const { wallMs, monotonicMs } = readClocks(this.#parts.clock);
    return wallMs - monotonicMs;
  }

  #noticeStep(): void {
    const offsetMs = this.#currentOffsetMs();
    const byMs = Math.round(offsetMs - this.#offsetMs);
    this.#offsetMs = offsetMs;
    if (Math.abs(byMs) < STEP_MS) return;
    this.#steps += 1;
    this.#parts.log.warn(
      { bySeconds: byMs / 1000, wasSynchronized: this.#isSynchronized },
      'the clock stepped',
    );
    // Until somebody vouches for the new time, what was known before the step dates the readings.
    this.#mayTrustFlag &&= !this.#isSynchronized;
    this.#isSynchronized = false;
    this.#askedAtMs = Number.NEGATIVE_INFINITY;
  }

  async #askForSynchronization(): Promise<void> {
    const { clock, log, synchronization } = this.#parts;
    if (this.#isSynchronized || clock.monotonicMs() - this.#askedAtMs < ASK_EVERY_MS) return;
    this.#askedAtMs = clock.monotonicMs();
    const isSynchronized = this.#mayTrustFlag
      ? await synchronization.wasSynchronizedInThisBoot()
      : await synchronization.isSynchronized();
    // A step that came together with the answer is the setting of the clock: ask again at the next look.
    const steps = this.#steps;
    this.#noticeStep();
    if (!isSynchronized || this.#steps !== steps) return;
    this.#isSynchronized = true;
    this.#savedAtMs = Number.NEGATIVE_INFINITY;
    log.info({}, 'the clock is synchronized');
  }

  async #save(): Promise<void> {
    this.#savedAtMs = this.#parts.clock.monotonicMs();
    await this.#parts.outbox
      .putState({ [STATE_KEY]: this.#boots })
      .catch((error: unknown) =>
        this.#parts.log.warn({ err: error }, 'what is known of this boot was not saved'),
      );
  }
}
