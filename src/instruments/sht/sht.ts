import { z } from 'zod';
import { i2cAddress } from '../../config/fields.ts';
import {
  CALIBRATION,
  calibrateHumidity,
  calibrateTemperature,
  humidityCalibration,
  temperatureCalibration,
} from '../air-calibration.ts';
import { defineInstrument } from '../instrument.ts';
import { Sht, type ShtFamily, sht3xFamily, sht4xFamily } from './sht-driver.ts';

const schemaOf = (address: z.ZodDefault<z.ZodLiteral<number>>, about: string) =>
  z
    .strictObject({
      address,
      calibration: z
        .strictObject({ temperature: temperatureCalibration(), humidity: humidityCalibration() })
        .describe(CALIBRATION)
        .exactOptional(),
    })
    .describe(about);

type Description<Key extends string> = {
  readonly key: Key;
  readonly family: ShtFamily;
  readonly schema: ReturnType<typeof schemaOf>;
};

const defineSht = <const Key extends string>({ key, family, schema }: Description<Key>) =>
  defineInstrument({
    key,
    title: `${family.name}, air`,
    schema,
    wiring: { i2cAddresses: ['address'] },
    corrections: ['calibration'],
    chip: key,
    quantities: () => ['temperature', 'humidity'],
    open: ({ address, calibration }, { i2cBus, clock }) => {
      const chip = new Sht({ bus: i2cBus, address, clock, family });
      return Promise.resolve({
        measure: async () => {
          const { temperatureCelsius: temperature, humidityPercent: humidity } = await chip.read();
          return {
            values: calibration
              ? {
                  temperature: calibrateTemperature(temperature, calibration.temperature),
                  humidity: calibrateHumidity(humidity, calibration.humidity),
                }
              : { temperature, humidity },
          };
        },
      });
    },
    check: {
      name: family.name,
      run: async ({ address }, { i2cBus, clock }) => {
        const chip = new Sht({ bus: i2cBus, address, clock, family });
        const serialNumber = await chip.readSerialNumber();
        const { temperatureCelsius, humidityPercent } = await chip.read();
        const where = `serial number ${serialNumber} at 0x${address.toString(16)}`;
        return `${where}; ${temperatureCelsius.toFixed(1)} °C, ${humidityPercent.toFixed(0)} %RH`;
      },
    },
    simulated: async () => {
      const { simulateSht } = await import('./simulated.ts');
      return {
        simulate: ({ address }, surroundings) => simulateSht({ key, address, family }, surroundings),
      };
    },
  });

export const sht3x = defineSht({
  key: 'sht3x',
  family: sht3xFamily,
  schema: schemaOf(
    i2cAddress([0x44, 0x45])
      .default(0x44)
      .describe('I2C address: 0x44 (ADDR to ground) or 0x45 (ADDR to the supply).'),
    'Sensirion SHT30, SHT31 or SHT35: temperature, humidity.',
  ),
});

export const sht4x = defineSht({
  key: 'sht4x',
  family: sht4xFamily,
  schema: schemaOf(
    i2cAddress([0x44, 0x45, 0x46])
      .default(0x44)
      .describe('I2C address: 0x44 (SHT4x-A), 0x45 (-B) or 0x46 (-C); the chip is made with it.'),
    'Sensirion SHT40, SHT41, SHT43 or SHT45: temperature, humidity.',
  ),
});
