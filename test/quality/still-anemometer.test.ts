import { expect, it } from 'vitest';
import { qualitySchema } from '../../src/config/quality-schema.ts';
import { combine } from '../../src/measuring/sampler.ts';
import { createQualityControl } from '../../src/quality/quality-control.ts';
import { instantAt } from '../fakes/measurements.ts';

const MINUTE_SECONDS = 60;

it('doubts cups that stand while the vane turns, in what the sampler really hands over', () => {
  const limits = qualitySchema.parse({});
  const control = createQualityControl({ limits, intervalMs: MINUTE_SECONDS * 1000 });

  const measurements = Array.from({ length: 3 * limits.vane.stillMinutes }, (_, minute) =>
    control.check(
      combine(instantAt(minute * MINUTE_SECONDS), [
        {
          quantities: ['winddirection'],
          fault: null,
          measured: { values: { winddirection: (minute * 45) % 360 } },
        },
        {
          quantities: ['windintensity', 'windgust'],
          fault: null,
          measured: { values: { windintensity: 0, windgust: 0 } },
        },
      ]).raw,
    ),
  );

  expect(measurements.at(0)).toMatchObject({ values: { winddirection: null }, quality: {} });
  expect(measurements.at(-1)).toMatchObject({
    values: { winddirection: null, windintensity: 0 },
    quality: { windintensity: 'suspect:still', windgust: 'suspect:still' },
  });
});
