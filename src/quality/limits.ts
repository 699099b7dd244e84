import type { QualityConfig } from '../config/quality-schema.ts';
import type { Quantity, Values } from '../weather/reading.ts';

/** What the checks know of the present reading besides its values. */
export type CheckContext = {
  readonly limits: QualityConfig;
  /** Since the previous reading; 0 where nobody knows. */
  readonly sinceMs: number;
  /** How much of that was observed. */
  readonly observedMs: number;
};

/** Quantities that cannot jump, and that never stand quite still. */
export type SteadyQuantity = 'temperature' | 'humidity' | 'pressure' | 'windintensity';

export const steadyQuantities: readonly SteadyQuantity[] = [
  'temperature',
  'humidity',
  'pressure',
  'windintensity',
];

export const isWithinRange = (quantity: Quantity, value: number, { limits }: CheckContext): boolean => {
  const { temperature, humidity, pressure, wind } = limits;
  const ranges: Readonly<Record<Quantity, readonly [min: number, max: number]>> = {
    temperature: [temperature.minCelsius, temperature.maxCelsius],
    humidity: [humidity.minPercent, humidity.maxPercent],
    winddirection: [0, 360],
    windintensity: [0, wind.maxKmh],
    windgust: [0, wind.maxKmh],
    rainheight: [0, Number.POSITIVE_INFINITY],
    pressure: [pressure.minHpa, pressure.maxHpa],
  };
  const [min, max] = ranges[quantity];
  return value >= min && value <= max;
};

/** Readings that agree prove nothing as long as they are fewer: hourly ones often do. */
export const LEAST_READINGS = 10;

/** WMO states the step for values a minute apart; half a minute allows for a late reading. */
const isStepAfter = (ageMs: number): boolean => ageMs <= 90_000;

/** Largest change from the last good value that is believed after `ageMs`; the wind may change by any amount in time. */
export const believableChange = (
  quantity: SteadyQuantity,
  ageMs: number,
  { temperature, humidity, pressure, wind }: QualityConfig,
): number => {
  const isStep = isStepAfter(ageMs);
  if (!isStep && ageMs > 3_600_000) return Number.POSITIVE_INFINITY;
  switch (quantity) {
    case 'temperature':
      return isStep ? temperature.stepCelsius : temperature.hourlyChangeCelsius;
    case 'humidity':
      return isStep ? humidity.stepPercent : humidity.hourlyChangePercent;
    case 'pressure':
      return isStep ? pressure.stepHpa : pressure.hourlyChangeHpa;
    case 'windintensity':
      return isStep ? wind.stepKmh : Number.POSITIVE_INFINITY;
  }
};

/** Largest change from the last good value after `ageMs` that air can do at all. */
export const possibleChange = (
  quantity: SteadyQuantity,
  ageMs: number,
  { temperature, humidity, pressure }: QualityConfig,
): number => {
  if (!isStepAfter(ageMs)) return Number.POSITIVE_INFINITY;
  switch (quantity) {
    case 'temperature':
      return temperature.stepFailsCelsius;
    case 'humidity':
      return humidity.stepFailsPercent;
    case 'pressure':
      return pressure.stepFailsHpa;
    case 'windintensity':
      return Number.POSITIVE_INFINITY;
  }
};

/** What a working sensor's value changes by at least over the stuck time; `null` where it may well stand still. */
export const leastChange = (
  quantity: SteadyQuantity,
  value: number,
  { temperature, humidity, pressure, wind }: QualityConfig,
): number | null => {
  switch (quantity) {
    case 'temperature':
      return temperature.stuckCelsius;
    case 'humidity':
      return value > humidity.stuckUpToPercent ? null : humidity.stuckPercent;
    case 'pressure':
      return pressure.stuckHpa;
    case 'windintensity':
      return value < wind.calmKmh ? null : wind.stuckKmh;
  }
};

/** Whether the wind is known to be too weak to have a direction. */
export const isCalm = ({ windintensity }: Values, { wind }: QualityConfig): boolean =>
  windintensity !== null && windintensity < wind.calmKmh;

const turnDegrees = (from: number, to: number): number => {
  const turn = Math.abs(from - to) % 360;
  return Math.min(turn, 360 - turn);
};

/** Whether two directions differ by at least so much; an unknown one tells nothing. */
export const hasTurned = (from: number | null, to: number | null, byDegrees: number): boolean =>
  from !== null && to !== null && turnDegrees(from, to) >= byDegrees;

/** A flag `failed:…` takes the value away. */
export type Checked<Memory> = { readonly flags: Partial<Record<Quantity, string>>; readonly memory: Memory };

export type Check<Memory> = (memory: Memory, values: Values, context: CheckContext) => Checked<Memory>;
