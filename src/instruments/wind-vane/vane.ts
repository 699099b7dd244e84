import { SensorError } from '../sensor-error.ts';

/**
 * What the SparkFun/Argent vane switches to ground at each of its 16 positions: one reed's resistor, or two in
 * parallel (Weather Meter Kit datasheet; its 4.78 V for 315° is an erratum, 64.9 kΩ gives 4.33 V at 5 V).
 */
const positions = [
  { directionDegrees: 0, ohms: 33_000 },
  { directionDegrees: 22.5, ohms: 6_570 },
  { directionDegrees: 45, ohms: 8_200 },
  { directionDegrees: 67.5, ohms: 891 },
  { directionDegrees: 90, ohms: 1_000 },
  { directionDegrees: 112.5, ohms: 688 },
  { directionDegrees: 135, ohms: 2_200 },
  { directionDegrees: 157.5, ohms: 1_410 },
  { directionDegrees: 180, ohms: 3_900 },
  { directionDegrees: 202.5, ohms: 3_140 },
  { directionDegrees: 225, ohms: 16_000 },
  { directionDegrees: 247.5, ohms: 14_120 },
  { directionDegrees: 270, ohms: 120_000 },
  { directionDegrees: 292.5, ohms: 42_120 },
  { directionDegrees: 315, ohms: 64_900 },
  { directionDegrees: 337.5, ohms: 21_880 },
] as const;

const PULL_UP_OHMS = 10_000;

const candidates = positions.map(({ directionDegrees, ohms }) => ({
  directionDegrees,
  ratio: ohms / (ohms + PULL_UP_OHMS),
}));

/** Resistors of 1 % are off by 0.005 at most, a supply taken for 3.3 V that is 2 % off by 0.018. */
const TOLERANCE = 0.02;
const SHORT_BELOW = 0.03;
const OPEN_ABOVE = 0.97;

/** `unmatched`: between two positions, as for a moment while the vane turns. */
export type VanePosition = number | 'unmatched' | 'short' | 'open';

/** The position in degrees whose divider ratio, voltage over supply, is nearest and near enough. */
export const vanePositionOf = (ratio: number): VanePosition => {
  if (ratio < SHORT_BELOW) return 'short';
  if (ratio > OPEN_ABOVE) return 'open';
  const nearest = candidates.reduce((best, candidate) =>
    Math.abs(candidate.ratio - ratio) < Math.abs(best.ratio - ratio) ? candidate : best,
  );
  return Math.abs(nearest.ratio - ratio) <= TOLERANCE ? nearest.directionDegrees : 'unmatched';
};

export type VaneWiring = {
  /** Input the vane is on. */
  readonly channel: number;
  /** Input that measures the vane's supply; 3.3 V is assumed without. */
  readonly supplyChannel?: number;
  /** Added to the direction when the mast does not face north. */
  readonly northOffsetDegrees: number;
};

/** Reads a voltage to ground; the vane needs no more of its converter. */
export type Adc = {
  /** Input 0 to 3. Rejects with `SensorError`. */
  readVolts(input: number): Promise<number>;
};

const NOMINAL_SUPPLY_VOLTS = 3.3;
/** Below this the divider says nothing. */
const MIN_SUPPLY_VOLTS = 1;
/** The converter ends at 4.096 V: a supply beyond it cannot be measured. */
const MAX_SUPPLY_VOLTS = 4.09;

/** A vane that switches one of 16 resistances to ground. */
export class Vane {
  readonly #adc: Adc;
  readonly #wiring: VaneWiring;

  constructor(adc: Adc, wiring: VaneWiring) {
    this.#adc = adc;
    this.#wiring = wiring;
  }

  /**
   * Where the wind comes from, degrees true, 0 to below 360; `null` between two positions. Rejects with `SensorError`,
   * `implausible` for a short, an open line or a dead supply.
   */
  async read(): Promise<number | null> {
    const { channel, northOffsetDegrees } = this.#wiring;
    const supplyVolts = await this.#readSupplyVolts();
    const volts = await this.#adc.readVolts(channel);
    const position = vanePositionOf(volts / supplyVolts);
    if (position === 'unmatched') return null;
    if (typeof position === 'number') return (((position + northOffsetDegrees) % 360) + 360) % 360;
    const complaint = position === 'short' ? 'is shorted to ground' : 'is open: cable, plug or pull-up';
    throw new SensorError('implausible', `wind vane: its line ${complaint} (${volts.toFixed(3)} V)`);
  }

  async #readSupplyVolts(): Promise<number> {
    const { supplyChannel } = this.#wiring;
    if (supplyChannel === undefined) return NOMINAL_SUPPLY_VOLTS;
    const volts = await this.#adc.readVolts(supplyChannel);
    if (volts >= MIN_SUPPLY_VOLTS && volts < MAX_SUPPLY_VOLTS) return volts;
    throw new SensorError(
      'implausible',
      `wind vane: its supply measures ${volts.toFixed(2)} V; 3.3 V belongs there`,
    );
  }
}
