import { z } from 'zod';
import { type CatalogueEntry, catalogue } from '../instruments/catalogue.ts';
import { oneOf, wholeNumber } from './fields.ts';

const busFields = {
  i2cBus: wholeNumber(0, 99).default(1).describe('N of /dev/i2c-N. 0 to 99.'),
  gpioBackend: oneOf(['auto', 'gpiomon', 'onoff'])
    .default('auto')
    .describe('Counts the pulses: gpiomon (loses none), onoff (sysfs), auto: gpiomon where it is installed.'),
};

/** The buses, and under its key the part of each instrument that is wired to the station. */
export type SensorsConfig = z.output<z.ZodObject<typeof busFields, z.core.$loose>>;

/** What is wired to the station, out of these instruments. */
export const sensorsSchemaOf = (instruments: readonly CatalogueEntry[]) => {
  const parts = instruments.map(({ key, schema }) => [key, schema.exactOptional()] as const);
  return z
    .strictObject({ ...busFields, ...Object.fromEntries(parts) })
    .describe(
      'What is wired to the station. What a sensor left out would measure is null.',
    ) as unknown as z.ZodObject<typeof busFields, z.core.$loose>;
};

export const sensorsSchema = sensorsSchemaOf(catalogue);
