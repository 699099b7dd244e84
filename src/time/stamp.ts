import type { Instant, Stamp } from '../weather/reading.ts';
import type { Boot, Boots } from './boots.ts';

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
