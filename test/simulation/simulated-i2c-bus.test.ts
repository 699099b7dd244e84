import { describe, expect, it } from 'vitest';
import { Ads1115Chip } from '../../src/simulation/ads1115-chip.ts';
import { Bme280Chip } from '../../src/simulation/bme280-chip.ts';
import {
  createSimulatedI2cBus,
  type I2cChip,
  withRegisters,
} from '../../src/simulation/simulated-i2c-bus.ts';
import { describeI2cBus, describePlainI2c } from '../contract/i2c-bus.ts';

const createChips = () => {
  const nowMs = (): number => 0;
  const sampleAt = () => ({ temperatureC: 20, pressurePa: 101_325, humidityPercent: 50 });
  return new Map<number, I2cChip>([
    [0x76, withRegisters(new Bme280Chip({ nowMs, sampleAt }))],
    [0x48, withRegisters(new Ads1115Chip({ nowMs, voltsAt: () => 1 }))],
  ]);
};

const openHarness = () =>
  Promise.resolve({
    bus: createSimulatedI2cBus({ chips: createChips() }),
    byteRegister: { address: 0x76, register: 0xf5 },
    wordRegister: { address: 0x48, register: 2 },
    absentAddress: 0x77,
  });

describeI2cBus('the simulation', openHarness);
describePlainI2c('the simulation', openHarness);

describe('the simulated I2C bus', () => {
  it('fails the transfers that a fault covers, and no others', async () => {
    const bus = createSimulatedI2cBus({
      chips: createChips(),
      faultOf: (address) => (address === 0x76 ? 'ETIMEDOUT' : null),
    });

    await expect(bus.readBlock(0x76, 0xd0, 1)).rejects.toMatchObject({ code: 'ETIMEDOUT', address: 0x76 });
    await expect(bus.readWord(0x48, 1)).resolves.toBe(0x8385);
  });
});
