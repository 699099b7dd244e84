import { seedOf } from '../../simulation/noise.ts';
import { eventsOf, isDuring } from '../../simulation/scenario.ts';
import { faultyChip, withRegisters } from '../../simulation/simulated-i2c-bus.ts';
import type { SimulatedInstrument, Surroundings } from '../../simulation/surroundings.ts';
import { Bme280Chip, createConverters, typicalCoefficients } from './simulated-chip.ts';

const BME280_ID = 0x60;
const BMP280_ID = 0x58;

export const simulate = (
  { address }: { readonly address: number },
  surroundings: Surroundings,
): SimulatedInstrument => {
  const { scenario, weatherAt, elapsedSeconds } = surroundings;
  const chip = new Bme280Chip({
    nowMs: () => elapsedSeconds() * 1000,
    coefficients: typicalCoefficients,
    chipId: eventsOf(scenario, 'bmp280').length > 0 ? BMP280_ID : BME280_ID,
    convert: createConverters({
      coefficients: typicalCoefficients,
      airAt: (atMs) => {
        const { temperatureC, humidityPercent, pressureHpa } = weatherAt(atMs / 1000);
        return { temperatureC, humidityPercent, pressurePa: pressureHpa * 100 };
      },
      noiseSeed: seedOf(scenario.seed, 'bme280'),
    }),
  });
  const hangs = eventsOf(scenario, 'hungBme280');
  const faulty = faultyChip(withRegisters(chip), {
    name: 'bme280',
    scenario,
    elapsedSeconds,
    onBrownOut: () => chip.powerOn(),
    settle: (now) => chip.setHung(hangs.some((hang) => isDuring(hang, now))),
  });
  return { chips: new Map([[address, faulty]]) };
};
