import { describe, expect, it } from 'vitest';
import { type Adc, Vane, type VaneWiring, vanePositionOf } from '../../src/instruments/wind-vane/vane.ts';

/** Direction, resistance, voltage at 3.3 V behind 10 kΩ: SparkFun's table, recomputed. */
const table = [
  [112.5, 688, 0.212],
  [67.5, 891, 0.27],
  [90, 1_000, 0.3],
  [157.5, 1_410, 0.408],
  [135, 2_200, 0.595],
  [202.5, 3_140, 0.789],
  [180, 3_900, 0.926],
  [22.5, 6_570, 1.308],
  [45, 8_200, 1.487],
  [247.5, 14_120, 1.932],
  [225, 16_000, 2.031],
  [337.5, 21_880, 2.265],
  [0, 33_000, 2.533],
  [292.5, 42_120, 2.667],
  [315, 64_900, 2.859],
  [270, 120_000, 3.046],
] as const;

const vaneAt = (volts: Readonly<Record<number, number>>, options: Partial<VaneWiring> = {}) => {
  const adc: Adc = { readVolts: (input) => Promise.resolve(volts[input] ?? 0) };
  return new Vane(adc, { channel: 0, northOffsetDegrees: 0, ...options });
};

describe('the wind vane', () => {
  it.each(table)('points to %f° at %i Ω', async (degrees, ohms, volts) => {
    expect(await vaneAt({ 0: volts }).read()).toBe(degrees);
    // Both resistors off by 1 %, in the directions that add up.
    for (const error of [0.98, 1.02]) {
      const ratio = (ohms * error) / (ohms * error + 10_000);
      // ENE and E are 30 mV apart: there the parts have to be better than that.
      if (degrees !== 67.5 && degrees !== 90) expect(vanePositionOf(ratio)).toBe(degrees);
    }
  });

  it.each(table)('points to %f° at a supply of 3.1 V that is measured too', async (degrees, ohms) => {
    const vane = vaneAt({ 0: (3.1 * ohms) / (ohms + 10_000), 1: 3.1 }, { supplyChannel: 1 });

    expect(await vane.read()).toBe(degrees);
  });

  it('cannot tell a low supply from another direction when it is not measured', async () => {
    expect(await vaneAt({ 0: (3.1 * 42_120) / 52_120 }).read()).not.toBe(292.5);
  });

  it.each([
    [10, 347.5],
    [22.5, 0],
    [-350, 347.5],
    [360, 337.5],
    [-360, 337.5],
    [-337.5, 0],
  ])('adds a north offset of %f° to 337.5°', async (northOffsetDegrees, expected) => {
    expect(await vaneAt({ 0: 2.265 }, { northOffsetDegrees }).read()).toBe(expected);
  });

  it('gives no direction for a voltage between two positions', async () => {
    const vane = vaneAt({ 0: 3.3 * 0.34 });

    expect(await vane.read()).toBeNull();
  });

  it.each([
    [0.05, 'wind vane: its line is shorted to ground (0.050 V)'],
    [3.28, 'wind vane: its line is open: cable, plug or pull-up (3.280 V)'],
  ])('takes %f V for a fault', async (volts, message) => {
    await expect(vaneAt({ 0: volts }).read()).rejects.toMatchObject({ code: 'implausible', message });
  });

  it.each([0, 0.9, 4.0959])('takes a supply of %f V for a fault', async (supply) => {
    await expect(vaneAt({ 0: 1, 1: supply }, { supplyChannel: 1 }).read()).rejects.toMatchObject({
      code: 'implausible',
      message: `wind vane: its supply measures ${supply.toFixed(2)} V; 3.3 V belongs there`,
    });
  });
});
