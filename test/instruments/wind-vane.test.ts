import { describe, expect, it } from 'vitest';
import { findingOf, report, Turn, watchTurn } from '../../src/instruments/wind-vane/calibration.ts';
import {
  type Adc,
  FitWatch,
  shareOf,
  USUAL_POSITIONS,
  Vane,
  type VaneWiring,
} from '../../src/instruments/wind-vane/vane.ts';
import { windVane } from '../../src/instruments/wind-vane/wind-vane.ts';
import { createManualClock } from '../fakes/clock.ts';

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

const usual = windVane.schema.parse({});

const vaneAt = (volts: Readonly<Record<number, number>>, options: Partial<VaneWiring> = {}) => {
  const adc: Adc = { readVolts: (input) => Promise.resolve(volts[input] ?? 0) };
  return new Vane(adc, { ...usual, ...options });
};

const directionAt = async (...args: Parameters<typeof vaneAt>) =>
  (await vaneAt(...args).read()).directionDegrees;

describe('the wind vane', () => {
  it.each(table)('points to %f° at %i Ω', async (degrees, ohms, volts) => {
    expect(await directionAt({ 0: volts })).toBe(degrees);
    // Both resistors off by 1 %, in the directions that add up.
    for (const error of [0.98, 1.02]) {
      const ratio = (ohms * error) / (ohms * error + 10_000);
      // ENE and E are 30 mV apart: there the parts have to be better than that.
      if (degrees !== 67.5 && degrees !== 90) expect(await directionAt({ 0: 3.3 * ratio })).toBe(degrees);
    }
  });

  it.each(table)('points to %f° at a supply of 3.1 V that is measured too', async (degrees, ohms) => {
    const volts = { 0: (3.1 * ohms) / (ohms + 10_000), 1: 3.1 };

    expect(await directionAt(volts, { supplyChannel: 1 })).toBe(degrees);
  });

  it('cannot tell a low supply from another direction when it is not measured', async () => {
    expect(await directionAt({ 0: (3.1 * 42_120) / 52_120 })).not.toBe(292.5);
  });

  it.each([
    [10, 347.5],
    [22.5, 0],
    [-350, 347.5],
    [360, 337.5],
    [-360, 337.5],
    [-337.5, 0],
  ])('adds a north offset of %f° to 337.5°', async (northOffsetDegrees, expected) => {
    expect(await directionAt({ 0: 2.265 }, { northOffsetDegrees })).toBe(expected);
  });

  it('gives no direction for a voltage between two positions', async () => {
    expect(await directionAt({ 0: 3.3 * 0.34 })).toBeNull();
  });

  it.each([
    [0.05, 'wind vane: its line is shorted to ground (0.050 V)'],
    [3.28, 'wind vane: its line is open: cable, plug or pull-up (3.280 V)'],
  ])('takes %f V for a fault', async (volts, message) => {
    await expect(vaneAt({ 0: volts }).read()).rejects.toMatchObject({ code: 'implausible', message });
  });

  it.each([0, 0.9])('takes a supply of %f V for a fault', async (supply) => {
    await expect(vaneAt({ 0: 1, 1: supply }, { supplyChannel: 1 }).read()).rejects.toMatchObject({
      code: 'implausible',
      message: `wind vane: its supply measures ${supply.toFixed(2)} V; 3.3 V belongs there`,
    });
  });
});

describe('a vane that is wired otherwise', () => {
  it.each([
    ['another pull-up and supply', { resistorOhms: 4_700, supplyVolts: 5 }, 5 * (2_200 / 6_900)],
    ['a pull-down, on the high side', { side: 'high' }, 3.3 * (10_000 / 12_200)],
  ] as const)('points to 135° with %s', async (_, wiring, volts) => {
    expect(await directionAt({ 0: volts }, wiring)).toBe(135);
  });

  it('goes by its own table', async () => {
    const positions = [
      { directionDegrees: 0, ohms: 1_000 },
      { directionDegrees: 180, ohms: 10_000 },
    ];

    expect(await directionAt({ 0: 1.65 }, { positions })).toBe(180);
    expect(await directionAt({ 0: 1 }, { positions })).toBeNull();
  });

  it.each([
    [0, 0],
    [1.65, 180],
    [3.3, 0],
  ])('is a potentiometer with %f V at %f°', async (volts, degrees) => {
    expect(await directionAt({ 0: volts }, { potentiometer: { shareAt0: 0, shareAt360: 1 } })).toBe(degrees);
  });

  it('is beyond the ends of its potentiometer', async () => {
    const vane = vaneAt({ 0: 3.2 }, { potentiometer: { shareAt0: 0.1, shareAt360: 0.9 } });

    await expect(vane.read()).rejects.toThrow('beyond the ends of its potentiometer (3.200 V)');
  });

  it.each([
    [0.05, 'is open: cable, plug or pull-down'],
    [3.28, 'is shorted to the supply'],
  ])('on the high side takes %f V for a line that %s', async (volts, complaint) => {
    await expect(vaneAt({ 0: volts }, { side: 'high' }).read()).rejects.toThrow(complaint);
  });

  it.each([
    [{ positions: [{ directionDegrees: 0, ohms: 1_000 }] }, 'a list of at least two'],
    [
      {
        positions: [
          { directionDegrees: 0, ohms: 1_000 },
          { directionDegrees: 180, ohms: 1_001 },
        ],
      },
      'shares of the supply',
    ],
    [
      {
        positions: [
          { directionDegrees: 0, ohms: 1_000 },
          { directionDegrees: 180, ohms: 9_000 },
        ],
        potentiometer: {},
      },
      'either positions or a potentiometer',
    ],
    [{ potentiometer: { shareAt0: 0.5, shareAt360: 0.55 } }, 'differs from shareAt0'],
  ])('is refused as %j', (part, allowed) => {
    expect(
      windVane.schema
        .safeParse(part)
        .error?.issues.map(({ message }) => message)
        .join(),
    ).toContain(allowed);
  });
});

/** What a vane with other resistors than the configuration says shows at rest, some looks at each position. */
const restsWith = async (resistorOhms: number, looks: number, wiring: Partial<VaneWiring> = {}) => {
  const watch = new FitWatch();
  for (const { ohms } of USUAL_POSITIONS) {
    const share = shareOf(ohms, { side: 'low', resistorOhms });
    const vane = vaneAt({ 0: 3.3 * share, 1: 3.3 }, wiring);
    // Some are beyond all positions, which is a fault at once.
    const reading = await vane.read().catch(() => null);
    for (let look = 0; look < looks && reading !== null; look += 1) watch.note(reading);
  }
  return watch.complaint();
};

describe('the watch over how positions fit', () => {
  it.each([1_000, 2_200, 4_700, 20_000, 47_000, 100_000])(
    'notices a divider of %i Ω in place of 10 kΩ',
    async (ohms) => {
      expect(await restsWith(ohms, 20)).toMatch(
        /^\d+ % of the voltages it rests at fit none of its positions/,
      );
      expect(await restsWith(ohms, 20, { supplyChannel: 1 })).toMatch(/fit none of its positions/);
    },
  );

  it('is content with parts of 1 %', async () => {
    for (const ohms of [9_900, 10_000, 10_100]) {
      expect(await restsWith(ohms, 100)).toBeNull();
      expect(await restsWith(ohms, 100, { supplyChannel: 1 })).toBeNull();
    }
  });

  it('passes over what a vane shows for a moment while it turns', async () => {
    const watch = new FitWatch();
    for (let look = 0; look < 2_000; look += 1)
      watch.note(await vaneAt({ 0: look % 4 === 0 ? 1.1 + (look % 7) / 50 : 2.533 }).read());
    expect(watch.complaint()).toBeNull();
  });
});

const turned = (resistorOhms: number, positions = USUAL_POSITIONS): Turn => {
  const turn = new Turn();
  for (const { ohms } of [...positions, ...positions.slice(0, 1)]) {
    for (let look = 0; look < 5; look += 1) turn.note(shareOf(ohms, { side: 'low', resistorOhms }));
  }
  return turn;
};

describe('the calibration of a vane', () => {
  it('changes nothing where the table fits', () => {
    const turn = turned(10_000);

    expect(turn.isRound).toBe(true);
    expect(report(turn, usual, 3.3)).toBe(
      '16 positions, from 0.06437 to 0.9231 of the supply. The closest two, 0.270 V and 0.300 V, are 30 mV apart.\n' +
        '16 of the 16 positions of the table were seen: nothing is to be changed.\n',
    );
  });

  it('names the resistor with which the table fits', () => {
    expect(report(turned(4_700), usual, 3.3)).toContain('sensors.windVane.resistorOhms: 4700\n');
  });

  it('proposes the table of another vane, in the order it came', () => {
    const eight = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 300].map((ohms, index) => ({
      directionDegrees: index * 45,
      ohms,
    }));

    expect(report(turned(10_000, eight), usual, 3.3)).toContain(
      '    positions:\n      - { directionDegrees: 0, ohms: 1000 }\n      - { directionDegrees: 45, ohms: 2000 }\n',
    );
  });

  it('takes a vane without positions for a potentiometer', () => {
    const turn = new Turn();
    for (let step = 0; step <= 1_000; step += 1) {
      turn.note(0.02 + step * 0.00096);
    }

    expect(report(turn, usual, 3.3)).toContain('potentiometer: { shareAt0: 0.0');
  });

  it('proposes no table for a potentiometer that rested here and there', () => {
    const wiring = { ...usual, potentiometer: { shareAt0: 0, shareAt360: 1 } };
    const turn = turned(10_000);

    expect(turn.isRound).toBe(true);
    expect(findingOf(turn, wiring)).toEqual({ kind: 'unturned' });
    expect(report(turn, wiring, 3.3)).toBe(
      'It rested in 16 places, which show no ends of a potentiometer: turn it once round more slowly.\n',
    );
  });

  it('names of a potentiometer no resistance and no position', async () => {
    const texts: string[] = [];
    const clock = createManualClock({ isAutomatic: true });
    const wiring = { ...usual, potentiometer: { shareAt0: 0, shareAt360: 1 } };
    const { signal } = new AbortController();
    await watchTurn({ vane: vaneAt({ 0: 2.5 }), wiring, clock, write: (text) => texts.push(text), signal });

    expect(texts[1]).toBe('2.500 V  75.8 % of the supply\n');
  });

  it('says when nobody turned it', () => {
    const turn = new Turn();
    expect(report(turn, usual, 3.3)).toBe('The vane was not turned: no position was seen.\n');
    for (const share of [0.5, 0.5]) turn.note(share);
    expect(report(turn, usual, 3.3)).toBe('The vane was not turned: one position was seen.\n');
  });

  const watch = async (vane: Vane, signal = new AbortController().signal) => {
    const texts: string[] = [];
    const clock = createManualClock({ isAutomatic: true });
    await watchTurn({ vane, wiring: usual, clock, write: (text) => texts.push(text), signal });
    return texts.join('');
  };

  it('ends with one line where no vane hangs at the input', async () => {
    await expect(watch(vaneAt({ 0: 3.3 }))).rejects.toThrow(
      'there is no vane at input 0: it shows 3.300 V all the time, as an open line does',
    );
    await expect(watch(vaneAt({ 0: 0 }))).rejects.toThrow('as a shorted line does');
  });

  it('ends by itself and at a signal', async () => {
    const stop = new AbortController();
    stop.abort();

    expect(await watch(vaneAt({ 0: 2.533 }))).toContain('2.533 V  33020 Ω  0° of the table (33000 Ω)');
    expect(await watch(vaneAt({ 0: 2.533 }), stop.signal)).toContain('was not turned');
  });
});
