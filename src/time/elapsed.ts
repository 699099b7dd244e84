import type { Instant } from '../weather/reading.ts';

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
