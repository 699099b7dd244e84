import { z } from 'zod';
import { decimalNumber, i2cAddress, wholeNumber } from '../../config/fields.ts';
import { CheckFailure } from '../../doctor/check.ts';
import { meanDirectionDegrees } from '../../weather/mean-direction.ts';
import { defineInstrument, type OpenInstrument } from '../instrument.ts';
import { SensorError } from '../sensor-error.ts';
import { Ads1115 } from './ads1115.ts';
import { Vane } from './vane.ts';

const schema = z
  .strictObject({
    address: i2cAddress([0x48, 0x49, 0x4a, 0x4b])
      .default(0x48)
      .describe('I2C address of the ADS1115: 0x48 (ADDR to ground), 0x49 (supply), 0x4A (SDA), 0x4B (SCL).'),
    channel: wholeNumber(0, 3).default(0).describe('Input of the ADS1115 the vane is on. 0 to 3.'),
    supplyChannel: wholeNumber(0, 3)
      .exactOptional()
      .describe(
        "Input that measures the vane's supply, so that its error cancels. 0 to 3; 3.3 V is assumed without.",
      ),
    northOffsetDegrees: decimalNumber(-360, 360)
      .default(0)
      .describe('Added to the direction when the mast does not face north, degrees. -360 to 360.'),
  })
  .refine(({ channel, supplyChannel }) => supplyChannel !== channel, {
    error: "an input that is not the vane's own",
    path: ['supplyChannel'],
  })
  .describe('Wind vane of 16 resistances behind an ADS1115.');

export const windVane = defineInstrument({
  key: 'windVane',
  title: 'Wind vane',
  schema,
  wiring: { i2cAddresses: ['address'] },
  chip: 'ads1115',
  quantities: () => ['winddirection'],
  open: (config, { i2cBus, clock }) => {
    const adc = new Ads1115({ bus: i2cBus, address: config.address, clock });
    return Promise.resolve(openWindVane(new Vane(adc, config)));
  },
  check: {
    name: 'wind vane',
    run: async (config, { i2cBus, clock }) => {
      const { address, channel } = config;
      const adc = new Ads1115({ bus: i2cBus, address, clock });
      const volts = (await adc.readVolts(channel)).toFixed(3);
      const degrees = await new Vane(adc, config).read();
      if (degrees === null)
        throw new CheckFailure(
          `${volts} V at input ${channel} is between two directions`,
          'try again, as the vane may be turning; otherwise its pull-up must be 10 kΩ to 3.3 V',
        );
      return `${volts} V at input ${channel} of 0x${address.toString(16)}; wind from ${degrees}°`;
    },
  },
  simulated: () => import('./simulated.ts'),
});

/** Reads the vane every second; the direction of an interval is the mean of what was read, however often it failed. */
const openWindVane = (vane: Vane): OpenInstrument => {
  let directionsDegrees: number[] = [];
  let lastFailure = neverRead();

  return {
    sample: async () => {
      try {
        const degrees = await vane.read();
        if (degrees === null) lastFailure = unmatched();
        else directionsDegrees.push(degrees);
      } catch (error) {
        if (error instanceof SensorError) lastFailure = error;
        throw error;
      }
    },
    measure: () => {
      const measured = directionsDegrees;
      const failure = lastFailure;
      directionsDegrees = [];
      lastFailure = neverRead();
      if (measured.length === 0) throw failure;
      // `null` where the directions cancel out.
      return { values: { winddirection: meanDirectionDegrees(measured) } };
    },
  };
};

const neverRead = (): SensorError => new SensorError('not-ready', 'wind vane: not read in this interval');
const unmatched = (): SensorError =>
  new SensorError('implausible', 'wind vane: its voltage matches no position');
