import { expect, it } from 'vitest';
import { qualitySchema } from '../../src/config/quality-schema.ts';
import { rawMeasurement } from '../../src/measuring/raw-measurement.ts';
import { createQualityControl } from '../../src/quality/quality-control.ts';
import { instantAt } from '../fakes/measurements.ts';

const MINUTE_SECONDS = 60;

it('doubts cups that stand while the vane turns, in what the sampler really hands over', () => {
  const limits = qualitySchema.parse({});
  const control = createQualityControl({ limits, intervalMs: MINUTE_SECONDS * 1000 });

  const measurements = Array.from({ length: 3 * limits.vane.stillMinutes }, (_, minute) =>
    control.check(
      rawMeasurement(instantAt(minute * MINUTE_SECONDS), {
        air: null,
        direction: { value: (minute * 45) % 360 },
        wind: { value: { meanKmh: 0, gustKmh: 0 } },
        rain: null,
      }),
    ),
  );

  expect(measurements.at(0)).toMatchObject({ values: { winddirection: null }, quality: {} });
  expect(measurements.at(-1)).toMatchObject({
    values: { winddirection: null, windintensity: 0 },
    quality: { windintensity: 'suspect:still', windgust: 'suspect:still' },
  });
});
