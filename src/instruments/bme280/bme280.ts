import { z } from 'zod';
import { decimalNumber, i2cAddress } from '../../config/fields.ts';
import { defineInstrument } from '../instrument.ts';
import { Bme280 } from './bme280-driver.ts';
import type { Bme280Reading } from './compensation.ts';

const scale = () =>
  decimalNumber(0.5, 2).default(1).describe('Factor on the measured value, before the offset. 0.5 to 2.');

const calibrationSchema = z
  .strictObject({
    temperature: z
      .strictObject({
        scale: scale(),
        offsetCelsius: decimalNumber(-20, 20).default(0).describe('Added to the temperature, °C. -20 to 20.'),
      })
      .prefault({}),
    humidity: z
      .strictObject({
        scale: scale(),
        offsetPercent: decimalNumber(-30, 30).default(0).describe('Added to the humidity, %RH. -30 to 30.'),
      })
      .prefault({}),
    pressure: z
      .strictObject({
        scale: scale(),
        offsetHpa: decimalNumber(-50, 50).default(0).describe('Added to the pressure, hPa. -50 to 50.'),
      })
      .prefault({}),
  })
  .describe(
    'Corrections from a comparison with a reference: value × scale + offset, before the quality checks.',
  );

const schema = z
  .strictObject({
    address: i2cAddress([0x76, 0x77])
      .default(0x76)
      .describe('I2C address: 0x76 (SDO to ground) or 0x77 (SDO to the supply).'),
    calibration: calibrationSchema.exactOptional(),
  })
  .describe('Bosch BME280: temperature, humidity, pressure.');

type Bme280Config = z.output<typeof schema>;

export const bme280 = defineInstrument({
  key: 'bme280',
  title: 'BME280, air',
  schema,
  wiring: { i2cAddresses: ['address'] },
  chip: 'bme280',
  quantities: () => ['temperature', 'humidity', 'pressure'],
  open: ({ address, calibration }, { i2cBus, clock }) => {
    const chip = new Bme280({ bus: i2cBus, address, clock });
    return Promise.resolve({
      measure: async () => {
        const reading = calibrate(await chip.read(), calibration);
        return {
          values: {
            temperature: reading.temperatureCelsius,
            humidity: reading.humidityPercent,
            pressure: reading.pressureHpa,
          },
        };
      },
    });
  },
  check: {
    name: 'BME280',
    run: async ({ address }, { i2cBus, clock }) => {
      const reading = await new Bme280({ bus: i2cBus, address, clock }).read();
      const { temperatureCelsius, humidityPercent, pressureHpa } = reading;
      return (
        `chip id 0x60 at 0x${address.toString(16)}; ${temperatureCelsius.toFixed(1)} °C, ` +
        `${humidityPercent.toFixed(0)} %RH, ${pressureHpa.toFixed(1)} hPa`
      );
    },
  },
  simulated: () => import('./simulated.ts'),
});

/** Hysteresis of the humidity (data sheet): a value so little below 0 or above 100 %RH is dry or saturated air. */
const TOLERANCE_PERCENT = 1;

/** Applies the corrections of a comparison with a reference. The quality checks find what is wrong after them. */
export const calibrate = (
  reading: Bme280Reading,
  calibration: Bme280Config['calibration'],
): Bme280Reading => {
  if (calibration === undefined) return reading;
  const { temperature, humidity, pressure } = calibration;
  return {
    temperatureCelsius: reading.temperatureCelsius * temperature.scale + temperature.offsetCelsius,
    humidityPercent: saturated(reading.humidityPercent * humidity.scale + humidity.offsetPercent),
    pressureHpa: reading.pressureHpa * pressure.scale + pressure.offsetHpa,
  };
};

const saturated = (percent: number): number => {
  const possible = Math.min(100, Math.max(0, percent));
  return Math.abs(percent - possible) <= TOLERANCE_PERCENT ? possible : percent;
};
