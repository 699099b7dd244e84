import { describe, expect, it } from 'vitest';
import { Ads1115Chip } from '../../src/instruments/wind-vane/simulated.ts';
import {
  createSimulatedI2cBus,
  type I2cChip,
  withRegisters,
} from '../../src/simulation/simulated-i2c-bus.ts';
import { describeI2cBus, describePlainI2c } from '../contract/i2c-bus.ts';
import { createScriptedBme280 } from '../fakes/bme280.ts';

const createChips = () => {
  const nowMs = (): number => 0;
  return new Map<number, I2cChip>([
    [0x76, withRegisters(createScriptedBme280({ monotonicMs: nowMs }).chip)],
    [0x48, withRegisters(new Ads1115Chip({ nowMs, voltsAt: () => 1 }))],
  ]);
};

const openHarness = () =>
  Promise.resolve({
    bus: createSimulatedI2cBus(createChips()),
    byteRegister: { address: 0x76, register: 0xf5 },
    wordRegister: { address: 0x48, register: 2 },
    absentAddress: 0x77,
  });

describeI2cBus('the simulation', openHarness);
describePlainI2c('the simulation', openHarness);

describe('the simulated I2C bus', () => {
  it('fails the transfers that a fault covers, and no others', async () => {
    const chips = createChips();
    const { chip } = createScriptedBme280({ monotonicMs: () => 0 });
    chips.set(0x76, { ...withRegisters(chip), fault: () => 'ETIMEDOUT' });
    const bus = createSimulatedI2cBus(chips);

    await expect(bus.readBlock(0x76, 0xd0, 1)).rejects.toMatchObject({ code: 'ETIMEDOUT', address: 0x76 });
    await expect(bus.readWord(0x48, 1)).resolves.toBe(0x8385);
  });
});
