import { z } from 'zod';
import { i2cAddress } from '../../src/config/fields.ts';
import type { I2cBus } from '../../src/i2c/i2c-bus.ts';
import { defineInstrument, type Surroundings } from '../../src/instruments/instrument.ts';
import { SensorError, withBusFaults } from '../../src/instruments/instrument-health.ts';
import { faultyChip } from '../../src/simulation/simulated-i2c-bus.ts';
import type { Clock } from '../../src/time/clock.ts';

/** Measures; 6 bytes after at most 9 ms, as from an SHT4x. */
const MEASURE = 0xfd;
const MEASUREMENT_MS = 9;

/** CRC-8: polynomial 0x31, initialised with 0xFF. */
const crc8 = (bytes: readonly number[]): number =>
  bytes.reduce((sum, byte) => {
    let crc = sum ^ byte;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ ((crc & 0x80) === 0 ? 0 : 0x31)) & 0xff;
    return crc;
  }, 0xff);

const wordOf = ([high = 0, low = 0, crc = 0]: Uint8Array): number => {
  if (crc8([high, low]) !== crc) throw new SensorError('implausible', 'air probe: wrong checksum');
  return (high << 8) | low;
};

const bytesOf = (word: number): number[] => [word >> 8, word & 0xff, crc8([word >> 8, word & 0xff])];

type Parts = { readonly i2cBus: I2cBus; readonly clock: Clock };

const read = (address: number, { i2cBus, clock }: Parts) =>
  withBusFaults('air probe', async () => {
    await i2cBus.write(address, Uint8Array.of(MEASURE));
    await clock.sleep(MEASUREMENT_MS);
    const bytes = await i2cBus.read(address, 6);
    return {
      temperature: -45 + (175 * wordOf(bytes.subarray(0, 3))) / 65_535,
      humidity: -6 + (125 * wordOf(bytes.subarray(3))) / 65_535,
    };
  });

/** An instrument that the program does not know: all that it takes to add one, in one object. */
export const airProbe = defineInstrument({
  key: 'airProbe',
  title: 'air probe, air',
  schema: z.strictObject({ address: i2cAddress([0x44, 0x45, 0x76]).default(0x44) }),
  wiring: { i2cAddresses: ['address'] },
  chip: 'airProbe',
  quantities: () => ['temperature', 'humidity'],
  open: ({ address }, parts) =>
    Promise.resolve({ measure: async () => ({ values: await read(address, parts) }) }),
  check: {
    name: 'air probe',
    run: async ({ address }, parts) => `${(await read(address, parts)).temperature.toFixed(1)} °C`,
  },
  simulated: () =>
    Promise.resolve({
      simulate: ({ address }: { readonly address: number }, { scenario, elapsedSeconds }: Surroundings) => {
        const chip = {
          write: () => undefined,
          read: () => Uint8Array.from([...bytesOf(25_000), ...bytesOf(29_000)]),
        };
        const options = { name: 'airProbe', scenario, elapsedSeconds, onBrownOut: () => undefined };
        return { chips: new Map([[address, faultyChip(chip, options)]]) };
      },
    }),
});

/** What its simulated chip shows, as a message has it. */
export const airProbeShows = { temperature: 21.8, humidity: 49.3 };
