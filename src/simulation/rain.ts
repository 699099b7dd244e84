import { hash32, seedOf, uniform } from './noise.ts';

/** At most one shower begins in each slot. */
const SLOT_SECONDS = 4 * 3600;
const SHOWER_PROBABILITY = 0.15;

type Shower = {
  readonly startSeconds: number;
  readonly durationSeconds: number;
  readonly peakMmPerHour: number;
};

const showerOf = (seed: number, slot: number): Shower | null => {
  const draw = (what: number): number => uniform(hash32(seed, slot), what);
  if (draw(0) >= SHOWER_PROBABILITY) return null;
  return {
    startSeconds: (slot + draw(1)) * SLOT_SECONDS,
    durationSeconds: 600 + 3000 * draw(2),
    // Most showers are slight, a few are heavy.
    peakMmPerHour: 1.5 + 25 * draw(3) ** 3,
  };
};

const intensityIn = (shower: Shower, elapsedSeconds: number): number => {
  const progress = (elapsedSeconds - shower.startSeconds) / shower.durationSeconds;
  return progress <= 0 || progress >= 1 ? 0 : shower.peakMmPerHour * Math.sin(Math.PI * progress) ** 2;
};

/** Showers of 10 minutes to an hour, about 2 mm a day in all. Gives mm/h. */
export const createShowers = (seed: number): ((elapsedSeconds: number) => number) => {
  const showerSeed = seedOf(seed, 'rain');
  return (elapsedSeconds) => {
    const slot = Math.floor(elapsedSeconds / SLOT_SECONDS);
    return [slot - 1, slot]
      .map((each) => showerOf(showerSeed, each))
      .reduce((sum, shower) => (shower === null ? sum : sum + intensityIn(shower, elapsedSeconds)), 0);
  };
};

/** How far the air has taken up the rain's character, 0 (dry) to 1. */
export const wetnessOf = (rainMmPerHour: number): number => Math.min(1, rainMmPerHour / 4);
