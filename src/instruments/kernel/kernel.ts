import { z } from 'zod';
import { decimalNumber, kernelName, oneOf } from '../../config/fields.ts';
import { type Quantity, quantitiesWith, quantityTable } from '../../weather/quantities.ts';
import { defineInstrument, type InstrumentGroup } from '../instrument.ts';
import { KernelDevice, type KernelSourceConfig, subsystems } from './kernel-device.ts';

/** Wind is counted, and has an interval of its own. */
const measurable = quantitiesWith('mean').filter((quantity) => quantity !== 'windintensity');

/** With 0 everything would measure the offset. */
const SCALE = 'a number from -1000000 to 1000000, and not 0';

const sourceSchema = z
  .strictObject({
    subsystem: oneOf(subsystems).describe('Where the driver shows the device: w1 (1-Wire), iio or hwmon.'),
    device: kernelName('a name such as 28-0316a2798fff, bmp380 or ina219').describe(
      'Id of the device on 1-Wire; elsewhere its name or label.',
    ),
    attribute: kernelName('a name of a file, such as temperature, in_pressure_input or in1_input')
      .default('temperature')
      .describe('File of the device that holds the value.'),
    quantity: oneOf(measurable).describe('What it measures.'),
    scale: decimalNumber(-1e6, 1e6)
      .refine((factor) => factor !== 0, SCALE)
      .default(1)
      .describe('Factor on the value in the unit of the quantity, such as that of a voltage divider.'),
    offset: decimalNumber(-1e6, 1e6)
      .default(0)
      .describe('Added after the factor, in the unit of the quantity.'),
  })
  .describe('One value that a driver of the kernel shows.');

/** It stands in log, status and metrics. */
const SOURCE_NAME = /^[a-z][a-zA-Z0-9]{0,31}$/;
const SOURCE_NAME_ALLOWED = 'under a name of 1 to 32 letters and digits that begins with a small letter';

const schema = z
  .record(z.string().regex(SOURCE_NAME), sourceSchema, {
    error: ({ code }) => (code === 'invalid_key' ? SOURCE_NAME_ALLOWED : undefined),
  })
  .describe('Values that drivers of the kernel show in /sys, each under a name of its own.');

const sourceInstrument = (name: string, { quantity, device }: KernelSourceConfig) =>
  defineInstrument({
    key: `kernel.${name}`,
    title: `${quantityTable[quantity].name}, ${device}`,
    schema: sourceSchema,
    wiring: {},
    quantities: (config): readonly Quantity[] => [config.quantity],
    open: (config, { sysfs }) => {
      const source = new KernelDevice(sysfs, config);
      return Promise.resolve({
        measure: async () => ({
          values: { [config.quantity]: (await source.read()) * config.scale + config.offset },
        }),
      });
    },
    check: {
      name: `kernel.${name}`,
      remedy: 'look into /sys: the device is there once its driver is loaded (dtoverlay in config.txt)',
      run: async (config, { sysfs }) => {
        const value = (await new KernelDevice(sysfs, config).read()) * config.scale + config.offset;
        const { unit, shownDecimals, name: title } = quantityTable[config.quantity];
        return `${config.subsystem} ${config.device}: ${title.toLowerCase()} ${value.toFixed(shownDecimals)} ${unit}`;
      },
    },
    simulated: () => import('./simulated.ts'),
  });

/** What the kernel's own drivers measure: each value is an instrument under a name of its own. */
export const kernel: InstrumentGroup<typeof schema> = {
  key: 'kernel',
  schema,
  corrections: ['scale', 'offset'],
  members: (config) =>
    Object.entries(config).map(([name, source]) => ({
      instrument: sourceInstrument(name, source),
      config: source,
    })),
};
