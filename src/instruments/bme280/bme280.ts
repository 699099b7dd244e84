import { z } from 'zod';
import { i2cAddress } from '../../config/fields.ts';
import {
  CALIBRATION,
  calibrateHumidity,
  calibrateTemperature,
  humidityCalibration,
  pressureCalibration,
  temperatureCalibration,
} from '../air-calibration.ts';
import { defineInstrument } from '../instrument.ts';
import { Bme280, type Bme280Reading, isBmp280 } from './bme280-driver.ts';

const calibrationSchema = z
  .strictObject({
    temperature: temperatureCalibration(),
    humidity: humidityCalibration(),
    pressure: pressureCalibration(),
  })
  .describe(CALIBRATION);

const schema = z
  .strictObject({
    address: i2cAddress([0x76, 0x77])
      .default(0x76)
      .describe('I2C address: 0x76 (SDO to ground) or 0x77 (SDO to the supply).'),
    calibration: calibrationSchema.exactOptional(),
  })
  .describe('Bosch BME280: temperature, humidity, pressure.');

type Bme280Config = z.output<typeof schema>;

const DEAD_CELL = 'no humidity: its cell is dead';
const BMP280 = 'no humidity: it is a BMP280, which measures none';

export const bme280 = defineInstrument({
  key: 'bme280',
  title: 'BME280, air',
  schema,
  wiring: { i2cAddresses: ['address'] },
  corrections: ['calibration'],
  chip: 'bme280',
  quantities: () => ['temperature', 'humidity', 'pressure'],
  open: ({ address, calibration }, { i2cBus, clock, log }) => {
    const chip = new Bme280({ bus: i2cBus, address, clock });
    let toldOf: number | null = null;
    const tell = (chipId: number): void => {
      if (isBmp280(chipId) && toldOf !== chipId)
        log.warn(
          { instrument: 'bme280', chipId },
          'the chip is a BMP280: temperature and pressure, no humidity',
        );
      toldOf = chipId;
    };
    return Promise.resolve({
      measure: async () => {
        const reading = calibrate(await chip.read(), calibration);
        const { chipId } = reading;
        tell(chipId);
        const reason = isBmp280(chipId) ? 'missing:wrong-chip' : 'missing:implausible';
        return {
          values: {
            temperature: reading.temperatureCelsius,
            humidity: reading.humidityPercent,
            pressure: reading.pressureHpa,
          },
          faults: reading.humidityPercent === null ? { humidity: reason } : {},
        };
      },
    });
  },
  check: {
    name: 'BME280',
    run: async ({ address }, { i2cBus, clock }) => {
      const reading = await new Bme280({ bus: i2cBus, address, clock }).read();
      const { temperatureCelsius, humidityPercent, pressureHpa, chipId } = reading;
      const noHumidity = isBmp280(chipId) ? BMP280 : DEAD_CELL;
      return (
        `chip id 0x${chipId.toString(16)} at 0x${address.toString(16)}; ${temperatureCelsius.toFixed(1)} °C, ` +
        `${humidityPercent === null ? noHumidity : `${humidityPercent.toFixed(0)} %RH`}, ${pressureHpa.toFixed(1)} hPa`
      );
    },
  },
  simulated: () => import('./simulated.ts'),
});

/** Applies the corrections of a comparison with a reference. The quality checks find what is wrong after them. */
export const calibrate = (
  reading: Bme280Reading,
  calibration: Bme280Config['calibration'],
): Bme280Reading => {
  if (calibration === undefined) return reading;
  const { temperature, humidity, pressure } = calibration;
  return {
    temperatureCelsius: calibrateTemperature(reading.temperatureCelsius, temperature),
    humidityPercent:
      reading.humidityPercent === null ? null : calibrateHumidity(reading.humidityPercent, humidity),
    pressureHpa: reading.pressureHpa * pressure.scale + pressure.offsetHpa,
    chipId: reading.chipId,
  };
};
