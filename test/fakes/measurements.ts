import type {
  Instant,
  Measurement,
  QualityFlags,
  RawMeasurement,
  Values,
} from '../../src/weather/reading.ts';

/** A mild, windy, dry moment. */
export const mildValues: Values = {
  temperature: 15,
  humidity: 60,
  winddirection: 240,
  windintensity: 12,
  windgust: 18,
  rainheight: 0,
  pressure: 1013,
};

export const instantAt = (seconds: number, instant: Partial<Instant> = {}): Instant => ({
  bootId: 'boot-1',
  monotonicMs: seconds * 1000,
  wallMs: Date.UTC(2026, 5, 1) + seconds * 1000,
  synchronized: true,
  ...instant,
});

export const rawAt = (
  seconds: number,
  values: Partial<Values> = {},
  faults: QualityFlags = {},
): RawMeasurement => ({ at: instantAt(seconds), values: { ...mildValues, ...values }, faults });

export const measurementAt = (
  seconds: number,
  values: Partial<Values> = {},
  quality: QualityFlags = {},
): Measurement => ({ at: instantAt(seconds), values: { ...mildValues, ...values }, quality });
