import { z } from 'zod';
import { decimalNumber, i2cAddress, oneOf, wholeNumber } from './fields.ts';

const gpio = () => wholeNumber(0, 27);
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

const bme280Schema = z
  .strictObject({
    address: i2cAddress([0x76, 0x77])
      .default(0x76)
      .describe('I2C address: 0x76 (SDO to ground) or 0x77 (SDO to the supply).'),
    calibration: calibrationSchema.exactOptional(),
  })
  .describe('Bosch BME280: temperature, humidity, pressure.');

const windVaneSchema = z
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
  .describe('Wind vane of 16 resistances behind an ADS1115.');

const anemometerSchema = z
  .strictObject({
    gpio: gpio().describe('BCM number of the line. 0 to 27; 5 has a pull-up from power-on.'),
    kmhPerHz: decimalNumber(0.1, 20)
      .default(2.4)
      .describe('Wind speed at one closure a second, km/h. 0.1 to 20.'),
    lockoutMilliseconds: decimalNumber(0, 50)
      .default(4)
      .describe('Edges that follow a counted one within this time are contact bounce, ms. 0 to 50.'),
  })
  .describe('Cup anemometer with a reed contact to ground.');

const rainGaugeSchema = z
  .strictObject({
    gpio: gpio().describe('BCM number of the line. 0 to 27; 6 has a pull-up from power-on.'),
    mmPerTip: decimalNumber(0.01, 10)
      .default(0.2794)
      .describe('Rain in one tip of the bucket, mm. 0.01 to 10.'),
    lockoutMilliseconds: decimalNumber(0, 1000)
      .default(150)
      .describe('Edges that follow a counted one within this time are contact bounce, ms. 0 to 1000.'),
  })
  .describe('Tipping bucket with a reed contact to ground.');

/** What is wired to the station. A sensor that is left out leaves `null` in the readings. */
export const sensorsSchema = z
  .strictObject({
    i2cBus: wholeNumber(0, 99).default(1).describe('N of /dev/i2c-N. 0 to 99.'),
    gpioBackend: oneOf(['auto', 'gpiomon', 'onoff'])
      .default('auto')
      .describe(
        'Counts the pulses: gpiomon (loses none), onoff (sysfs), auto: gpiomon where it is installed.',
      ),
    bme280: bme280Schema.exactOptional(),
    windVane: windVaneSchema.exactOptional(),
    anemometer: anemometerSchema.exactOptional(),
    rainGauge: rainGaugeSchema.exactOptional(),
  })
  .describe('What is wired to the station. What a sensor left out would measure is null.');
