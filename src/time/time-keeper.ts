import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Log } from '../log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Instant, Stamp } from '../weather/reading.ts';
import type { Clock } from './clock.ts';
import { pause } from './loops.ts';
import type { Synchronization } from './synchronization.ts';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

/** Names this boot of the machine. Where the kernel does not tell, each start of the process counts as a boot. */
export const readBootId = async (file = BOOT_ID_FILE): Promise<string> => {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    return randomUUID();
  }
};

/**
 * What is known of one boot of the machine. A reading keeps only monotonic time that can be trusted;
 * `wall - monotonic` of its boot turns that into a date.
 */
type Boot = {
  readonly bootId: string;
  /** Wall minus monotonic while the clock was known to be right; `null`: this boot never knew the time. */
  readonly synchronizedOffsetMs: number | null;
  /** Wall minus monotonic as the machine believed it last, right or wrong. */
  readonly believedOffsetMs: number;
  readonly firstMonotonicMs: number;
  readonly lastMonotonicMs: number;
};

/** Oldest boot first. */
export type Boots = readonly Boot[];

/** A station that reboots daily and is offline for half a year still finds every boot. */
const MAX_BOOTS = 200;

/** Notes a moment of the running boot; a boot not seen before is put at the end. */
export const noteInstant = (boots: Boots, at: Instant): Boots => {
  const offsetMs = at.wallMs - at.monotonicMs;
  const known = boots.find((boot) => boot.bootId === at.bootId);
  const noted: Boot = {
    bootId: at.bootId,
    synchronizedOffsetMs: at.synchronized ? offsetMs : (known?.synchronizedOffsetMs ?? null),
    believedOffsetMs: offsetMs,
    firstMonotonicMs: Math.min(known?.firstMonotonicMs ?? at.monotonicMs, at.monotonicMs),
    lastMonotonicMs: Math.max(known?.lastMonotonicMs ?? at.monotonicMs, at.monotonicMs),
  };
  return known
    ? boots.map((boot) => (boot === known ? noted : boot))
    : [...boots.slice(-(MAX_BOOTS - 1)), noted];
};

/** A run that began without what was saved notes its boot a second time; what it learned of it counts. */
const joinBoots = (boots: Boots): Boots => {
  const joined = new Map<string, Boot>();
  for (const boot of boots) {
    const known = joined.get(boot.bootId) ?? boot;
    joined.set(boot.bootId, {
      ...boot,
      synchronizedOffsetMs: boot.synchronizedOffsetMs ?? known.synchronizedOffsetMs,
      firstMonotonicMs: Math.min(known.firstMonotonicMs, boot.firstMonotonicMs),
      lastMonotonicMs: Math.max(known.lastMonotonicMs, boot.lastMonotonicMs),
    });
  }
  return [...joined.values()].slice(-MAX_BOOTS);
};

/** A process that was held up between two clocks for so long reads them again; far below the step that counts. */
const HELD_UP_MS = 500;
const ATTEMPTS = 5;

type ClockReading = { readonly monotonicMs: number; readonly wallMs: number };

/** Both clocks at one moment: read with a stop or a suspension in between, they would differ as after a step. */
const readClocks = (clock: Clock): ClockReading => {
  for (let attempt = 1; ; attempt += 1) {
    const monotonicMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    const heldUpMs = clock.monotonicMs() - monotonicMs;
    if (heldUpMs < HELD_UP_MS || attempt === ATTEMPTS) return { monotonicMs, wallMs };
  }
};

const offsetOf = (boot: Boot): number => boot.synchronizedOffsetMs ?? boot.believedOffsetMs;

/** Boots follow each other: one cannot begin before the end of an earlier one that knew the time. */
const earliestOffsetMs = (boots: Boots, index: number): number => {
  const earlier = boots.slice(0, index).findLast((boot) => boot.synchronizedOffsetMs !== null);
  const boot = boots[index];
  if (!earlier || !boot) return Number.NEGATIVE_INFINITY;
  return offsetOf(earlier) + earlier.lastMonotonicMs - boot.firstMonotonicMs;
};

/** One cannot end after the beginning of a later one that knew the time. */
const latestOffsetMs = (boots: Boots, index: number): number => {
  const later = boots.slice(index + 1).find((boot) => boot.synchronizedOffsetMs !== null);
  const boot = boots[index];
  if (!later || !boot) return Number.POSITIVE_INFINITY;
  return offsetOf(later) + later.firstMonotonicMs - boot.lastMonotonicMs;
};

/**
 * The UTC time of a moment, and how it was come by:
 * `synced` the clock was right at that moment · `corrected` it became right later in the same boot ·
 * `estimated` it never was in that boot: the machine's belief, held between the boots before and after.
 */
export const stampOf = (at: Instant, boots: Boots): Stamp => {
  if (at.synchronized) return { wallMs: at.wallMs, timequality: 'synced' };
  const index = boots.findIndex((boot) => boot.bootId === at.bootId);
  const boot = boots[index];
  if (!boot) return { wallMs: at.wallMs, timequality: 'estimated' };
  if (boot.synchronizedOffsetMs !== null) {
    return { wallMs: at.monotonicMs + boot.synchronizedOffsetMs, timequality: 'corrected' };
  }
  // Where both bounds cross the earlier boot wins: a reading must not seem older than what was sent before it.
  const offsetMs = Math.max(
    earliestOffsetMs(boots, index),
    Math.min(boot.believedOffsetMs, latestOffsetMs(boots, index)),
  );
  return { wallMs: at.monotonicMs + offsetMs, timequality: 'estimated' };
};

/** A jump of wall against monotonic time larger than NTP ever slews between two looks. */
const STEP_MS = 2_000;
/** Each reading and each sample look as well. */
const LOOK_EVERY_MS = 5_000;
/** Asking costs a child process on systems without timesyncd. */
const ASK_EVERY_MS = 15_000;
const SAVE_EVERY_MS = 600_000;

const STATE_KEY = 'boots';

const savedBoots = z.array(
  z.object({
    bootId: z.string(),
    synchronizedOffsetMs: z.number().nullable(),
    believedOffsetMs: z.number(),
    firstMonotonicMs: z.number(),
    lastMonotonicMs: z.number(),
  }),
);

type TimeKeeperParts = {
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
    if (saved.success) this.#boots = joinBoots(saved.data);
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
      await pause(this.#parts.clock, LOOK_EVERY_MS, signal);
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
