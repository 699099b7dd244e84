import type { PerQuantity, Quantity } from './quantities.ts';

/** `null` is "not measured", never zero; an optional quantity that nothing measures has no key. */
export type Values = PerQuantity<number | null>;

/** The flag of a value that does not come from the first instrument that the configuration lists for it. */
export const SUBSTITUTE = 'suspect:substitute';

/** Only the flags that are not good, such as `{ humidity: 'suspect:stuck' }`. */
export type QualityFlags = Readonly<Partial<Record<Quantity, string>>>;

/** A moment as the machine knew it: the wall clock may have been wrong, the monotonic one was not. */
export type Instant = {
  /** /proc/sys/kernel/random/boot_id: a monotonic time means something only within one boot. */
  readonly bootId: string;
  readonly monotonicMs: number;
  readonly wallMs: number;
  /** Whether the wall clock was known to be right at that moment. */
  readonly synchronized: boolean;
};

/**
 * What the instruments gave in one interval, before any check. `faults` says why a value is `null`:
 * `missing:` and the sensor's fault code; a quantity nobody measures here has neither value nor fault.
 */
export type RawMeasurement = {
  readonly at: Instant;
  readonly values: Values;
  readonly faults: QualityFlags;
  /** What an instrument itself doubts of a value it gives. */
  readonly doubts?: QualityFlags;
};

/** What quality control makes of it and the outbox keeps; `(epoch, seq)` is the key it is kept under. */
export type Measurement = {
  readonly at: Instant;
  readonly values: Values;
  readonly quality: QualityFlags;
};

export type TimeQuality = 'synced' | 'corrected' | 'estimated';

/** The UTC time a message carries, to the second, and how it was come by. */
export type Stamp = { readonly wallMs: number; readonly timequality: TimeQuality };

/**
 * Milliseconds between two moments: on the monotonic clock within one boot, by the wall clock across boots where both
 * knew the time; `null` where nobody can tell.
 */
export const elapsedMs = (from: Instant, to: Instant): number | null => {
  if (from.bootId === to.bootId) return to.monotonicMs - from.monotonicMs;
  return from.synchronized && to.synchronized ? to.wallMs - from.wallMs : null;
};

/** Readings that may be late or missing before what happened in between counts as unobserved. */
const MAX_INTERVALS = 3;

/** How much of a time between two readings counts as observed. */
export const observedMs = (sinceMs: number, intervalMs: number): number =>
  Math.min(sinceMs, MAX_INTERVALS * intervalMs);
