import type { QualityFlags } from '../weather/reading.ts';
import { type Check, hasTurned, isCalm, MIN_READINGS, resolutionOf } from './limits.ts';

/** Directions in steps of ten degrees may rest in one for hours. */
const COARSE_DEGREES = 5;

/** Half of one of the vane's 16 positions: a direction that changed by more is another position. */
const POSITION_DEGREES = 11.25;

export type VaneMemory = {
  /** Where the vane stood when it last moved, and how long the wind has blown on it since. */
  readonly restDegrees: number | null;
  readonly windyMs: number;
  readonly windyReadings: number;
  readonly lastDegrees: number | null;
  /** How long the anemometer has stood, and how often the vane turned meanwhile. */
  readonly stillMs: number;
  readonly moves: number;
  /** Once shown to be stuck, the anemometer stays so until it turns. */
  readonly isAnemometerStuck: boolean;
};

export const untouchedVane: VaneMemory = {
  restDegrees: null,
  windyMs: 0,
  windyReadings: 0,
  lastDegrees: null,
  stillMs: 0,
  moves: 0,
  isAnemometerStuck: false,
};

/** Vane and anemometer watch each other: a vane that rests in wind, an anemometer that rests while the vane turns. */
export const checkVane: Check<VaneMemory> = (memory, values, context) => {
  const rest = watchVane(memory, values, context);
  const still = watchAnemometer(memory, values, context);
  const isFrozen =
    values.winddirection !== null &&
    !isCalm(values, context.limits) &&
    (resolutionOf(context.resolutions, 'winddirection') ?? 0) < COARSE_DEGREES &&
    rest.windyMs >= context.limits.stuckMinutes * 60_000 &&
    rest.windyReadings >= MIN_READINGS;
  return {
    flags: flagsOf(isFrozen, still.isAnemometerStuck),
    memory: {
      restDegrees: rest.restDegrees,
      windyMs: rest.windyMs,
      windyReadings: rest.windyReadings,
      lastDegrees: values.winddirection ?? memory.lastDegrees,
      stillMs: still.stillMs,
      moves: still.moves,
      isAnemometerStuck: still.isAnemometerStuck,
    },
  };
};

const flagsOf = (isFrozen: boolean, isStill: boolean): QualityFlags =>
  isFrozen || isStill
    ? {
        ...(isFrozen ? { winddirection: 'suspect:frozen' } : {}),
        ...(isStill ? { windintensity: 'suspect:still', windgust: 'suspect:still' } : {}),
      }
    : {};

type Rest = Pick<VaneMemory, 'restDegrees' | 'windyMs' | 'windyReadings'>;

const watchVane = (
  { restDegrees, windyMs, windyReadings }: VaneMemory,
  { winddirection, windintensity }: Parameters<typeof checkVane>[1],
  { limits, observedMs }: Parameters<typeof checkVane>[2],
): Rest => {
  if (winddirection === null) return { restDegrees, windyMs, windyReadings };
  if (restDegrees === null || hasTurned(restDegrees, winddirection, limits.vane.frozenDegrees)) {
    return { restDegrees: winddirection, windyMs: 0, windyReadings: 1 };
  }
  const isWindy = windintensity !== null && windintensity > limits.vane.frozenFromKmh;
  if (!isWindy) return { restDegrees, windyMs, windyReadings };
  return { restDegrees, windyMs: windyMs + observedMs, windyReadings: windyReadings + 1 };
};

const watchAnemometer = (
  memory: VaneMemory,
  { winddirection, windintensity }: Parameters<typeof checkVane>[1],
  { limits, observedMs }: Parameters<typeof checkVane>[2],
): Pick<VaneMemory, 'stillMs' | 'moves' | 'isAnemometerStuck'> => {
  const { lastDegrees, isAnemometerStuck } = memory;
  if (windintensity !== 0) return { stillMs: 0, moves: 0, isAnemometerStuck: false };
  const moves = memory.moves + (hasTurned(lastDegrees, winddirection, POSITION_DEGREES) ? 1 : 0);
  const stillMs = memory.stillMs + observedMs;
  if (stillMs < limits.vane.stillMinutes * 60_000) return { stillMs, moves, isAnemometerStuck };
  // Counted anew for each such time: over a calm night even light airs turn the vane now and then.
  return {
    stillMs: 0,
    moves: 0,
    isAnemometerStuck: isAnemometerStuck || moves >= limits.vane.stillMoves,
  };
};
