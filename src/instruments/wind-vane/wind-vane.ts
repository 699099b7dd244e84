import { z } from 'zod';
import { decimalNumber, i2cAddress, kernelName, oneOf, wholeNumber } from '../../config/fields.ts';
import { CheckFailure } from '../../doctor/check.ts';
import { meanDirectionDegrees } from '../../weather/derived.ts';
import { defineInstrument, type InstrumentParts, type OpenInstrument } from '../instrument.ts';
import { SensorError } from '../instrument-health.ts';
import { KernelDevice } from '../kernel/kernel-device.ts';
import { Ads1115 } from './ads1115.ts';
import { type Adc, FitWatch, ohmsOf, shareOf, Vane } from './vane.ts';

const ohms = () => decimalNumber(10, 10_000_000);

const positions = z
  .array(
    z.strictObject({
      directionDegrees: decimalNumber(0, 359.9).describe('Where the wind comes from, degrees. 0 to 359.9.'),
      ohms: ohms().describe('Resistance of the vane there, Ω. 10 to 10000000.'),
    }),
    'a list of at least two {directionDegrees, ohms}',
  )
  .min(2, 'a list of at least two {directionDegrees, ohms}')
  .max(64, 'a list of 64 positions at most');

const share = () => decimalNumber(0, 1);

const potentiometer = z
  .strictObject({
    shareAt0: share().default(0).describe('Share of the supply at 0°. 0 to 1.'),
    shareAt360: share().default(1).describe('Share of the supply just before 360°. 0 to 1.'),
  })
  .refine(({ shareAt0, shareAt360 }) => Math.abs(shareAt0 - shareAt360) >= 0.1, {
    error: 'a share that differs from shareAt0 by 0.1 at least',
    path: ['shareAt360'],
  });

/** Positions nearer to each other than this, in shares of the supply, are told apart by chance. */
const MIN_SHARE_APART = 0.002;

const areApart = (
  own: z.output<typeof positions>,
  divider: { readonly side: 'low' | 'high'; readonly resistorOhms: number },
): boolean => {
  const shares = own.map((position) => shareOf(position.ohms, divider)).sort((a, b) => a - b);
  return shares.every((each, index) => index === 0 || each - (shares[index - 1] ?? 0) >= MIN_SHARE_APART);
};

const MAX_ADS1115_INPUT = 3;
const INPUT_OF_ADS1115 = 'a whole number from 0 to 3; up to 7 only with device';

const schema = z
  .strictObject({
    address: i2cAddress([0x48, 0x49, 0x4a, 0x4b])
      .default(0x48)
      .describe('I2C address of the ADS1115: 0x48 (ADDR to ground), 0x49 (supply), 0x4A (SDA), 0x4B (SCL).'),
    device: kernelName('a name such as mcp3008')
      .exactOptional()
      .describe('Name or label of a converter with a driver of the kernel (IIO), in place of the ADS1115.'),
    channel: wholeNumber(0, 7)
      .default(0)
      .describe('Input of the converter the vane is on. 0 to 3; 0 to 7 with device.'),
    supplyChannel: wholeNumber(0, 7)
      .exactOptional()
      .describe(
        "Input that measures the vane's supply, so that its error cancels. As channel; supplyVolts is assumed without.",
      ),
    supplyVolts: decimalNumber(1, 5.5)
      .default(3.3)
      .describe("The vane's supply, V, where no input measures it. 1 to 5.5."),
    side: oneOf(['low', 'high'])
      .default('low')
      .describe(
        'low: the vane is between input and ground, with a pull-up. high: between supply and input, with a pull-down.',
      ),
    resistorOhms: ohms()
      .default(10_000)
      .describe('The pull-up, or the pull-down on the high side, Ω. 10 to 10000000.'),
    positions: positions
      .exactOptional()
      .describe(
        'The resistances of another vane, as `weather-gateway calibrate vane` proposes them; those of the usual kit without.',
      ),
    potentiometer: potentiometer
      .exactOptional()
      .describe('For a vane that is a potentiometer across its supply, in place of positions and resistor.'),
    northOffsetDegrees: decimalNumber(-360, 360)
      .default(0)
      .describe('Added to the direction when the mast does not face north, degrees. -360 to 360.'),
  })
  .refine(({ device, channel }) => device !== undefined || channel <= MAX_ADS1115_INPUT, {
    error: INPUT_OF_ADS1115,
    path: ['channel'],
  })
  .refine(({ device, supplyChannel = 0 }) => device !== undefined || supplyChannel <= MAX_ADS1115_INPUT, {
    error: INPUT_OF_ADS1115,
    path: ['supplyChannel'],
  })
  .refine(({ channel, supplyChannel }) => supplyChannel !== channel, {
    error: "an input that is not the vane's own",
    path: ['supplyChannel'],
  })
  .refine(({ positions: own, potentiometer: pot }) => own === undefined || pot === undefined, {
    error: 'either positions or a potentiometer',
    path: ['potentiometer'],
  })
  .refine((config) => config.positions === undefined || areApart(config.positions, config), {
    error: `resistances that give shares of the supply ${MIN_SHARE_APART} apart, with resistorOhms as it is`,
    path: ['positions'],
  })
  .describe(
    'Wind vane behind an ADS1115 or another converter: a resistance for each position, or a potentiometer.',
  );

export const windVane = defineInstrument({
  key: 'windVane',
  title: 'Wind vane',
  schema,
  wiring: { i2cAddresses: ['address'] },
  corrections: ['positions', 'potentiometer', 'resistorOhms', 'supplyVolts', 'northOffsetDegrees'],
  chip: 'ads1115',
  quantities: () => ['winddirection'],
  open: (config, parts) => Promise.resolve(openWindVane(new Vane(adcOf(config, parts), config))),
  check: {
    name: 'wind vane',
    run: async (config, parts) => {
      const { address, device, channel, potentiometer } = config;
      const vane = new Vane(adcOf(config, parts), config);
      const { volts, share: found, directionDegrees, isGoodFit } = await vane.read();
      const resistance = potentiometer === undefined ? `, ${Math.round(ohmsOf(found, config))} Ω` : '';
      const seen = `${volts.toFixed(3)} V at input ${channel}`;
      const remedy = `weather-gateway calibrate vane shows all positions; resistorOhms is ${config.resistorOhms}`;
      if (directionDegrees === null)
        throw new CheckFailure(
          `${seen}${resistance} is between two directions`,
          `try again, as the vane may be turning; otherwise ${remedy}`,
        );
      if (!isGoodFit) throw new CheckFailure(`${seen}${resistance} is beside its position`, remedy);
      return `${seen} of ${device ?? `0x${address.toString(16)}`}${resistance}; wind from ${directionDegrees}°`;
    },
  },
  simulated: () => import('./simulated.ts'),
});

type Converter = { readonly address: number; readonly device?: string };

/** The converter of the vane. */
export const adcOf = (
  { device, address }: Converter,
  { i2cBus, sysfs, clock }: Pick<InstrumentParts, 'i2cBus' | 'sysfs' | 'clock'>,
): Adc =>
  device === undefined
    ? new Ads1115({ bus: i2cBus, address, clock })
    : {
        readVolts: (input) =>
          new KernelDevice(sysfs, { subsystem: 'iio', device, attribute: `in_voltage${input}_raw` }).read(),
      };

/** Reads the vane every second; the direction of an interval is the mean of what was read, however often it failed. */
const openWindVane = (vane: Vane): OpenInstrument => {
  const fits = new FitWatch();
  let directionsDegrees: number[] = [];
  let lastFailure = neverRead();

  const failOnMisfits = (): void => {
    const complaint = fits.complaint();
    if (complaint !== null) throw new SensorError('implausible', `wind vane: ${complaint}`);
  };

  return {
    sample: async () => {
      try {
        const reading = await vane.read();
        fits.note(reading);
        failOnMisfits();
        if (reading.directionDegrees === null) lastFailure = unmatched();
        else directionsDegrees.push(reading.directionDegrees);
        return reading.directionDegrees !== null;
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
      failOnMisfits();
      if (measured.length === 0) throw failure;
      // `null` where the directions cancel out.
      return { values: { winddirection: meanDirectionDegrees(measured) } };
    },
  };
};

const neverRead = (): SensorError => new SensorError('not-ready', 'wind vane: not read in this interval');
const unmatched = (): SensorError =>
  new SensorError('implausible', 'wind vane: its voltage matches no position');
