import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { qualitySchema } from '../../src/config/quality-schema.ts';
import { createQualityControl } from '../../src/quality/quality-control.ts';
import { quantities } from '../../src/weather/quantities.ts';
import type { Values } from '../../src/weather/reading.ts';
import { mildValues, rawAt } from '../fakes/measurements.ts';

const quantity = z.enum(quantities);
const flags = z.partialRecord(quantity, z.string());

const caseSchema = z.strictObject({
  about: z.string(),
  intervalSeconds: z.number(),
  readings: z.array(
    z.strictObject({
      times: z.number().default(1),
      values: z.partialRecord(quantity, z.number().nullable()),
      /** Values that take turns. */
      alternate: z.partialRecord(quantity, z.array(z.number())).default({}),
      faults: flags.default({}),
      /** What is expected: these values `null`, these flags. */
      nulls: z.array(quantity).default([]),
      quality: flags,
    }),
  ),
});

const folder = new URL('cases/', import.meta.url);

describe('quality control of', () => {
  for (const name of readdirSync(folder).sort()) {
    const { about, intervalSeconds, readings } = caseSchema.parse(
      JSON.parse(readFileSync(new URL(name, folder), 'utf8')),
    );

    it(`${name.replace('.json', '')}: ${about}`, () => {
      const control = createQualityControl({
        limits: qualitySchema.parse({}),
        intervalMs: intervalSeconds * 1000,
      });
      let seconds = 0;
      for (const [index, { times, values, alternate, faults, nulls, quality }] of readings.entries()) {
        for (let time = 0; time < times; time += 1) {
          const turns = Object.fromEntries(
            Object.entries(alternate).map(([each, list]) => [each, list[time % list.length]]),
          );
          const given: Values = { ...mildValues, ...values, ...turns };
          const { quality: found, values: kept } = control.check(rawAt(seconds, given, faults));

          expect.soft(found, `reading ${index}, time ${time}`).toEqual(quality);
          expect
            .soft(kept, `reading ${index}, time ${time}`)
            .toEqual({ ...given, ...Object.fromEntries(nulls.map((each) => [each, null])) });
          seconds += intervalSeconds;
        }
      }
    });
  }
});
