import { SensorError } from '../instrument-health.ts';

export type VanePosition = { readonly directionDegrees: number; readonly ohms: number };

/**
 * The SparkFun/Argent vane: at each of its 16 positions one reed's resistor, or two in parallel (Weather Meter Kit
 * datasheet; its 4.78 V for 315° is an erratum, 64.9 kΩ gives 4.33 V at 5 V).
 */
export const USUAL_POSITIONS: readonly VanePosition[] = [
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
];

export type VaneWiring = {
  /** Input the vane is on. */
  readonly channel: number;
  /** Input that measures the vane's supply. */
  readonly supplyChannel?: number;
  /** The vane's supply where no input measures it. */
  readonly supplyVolts: number;
  /** `low`: the vane is between input and ground, `high`: between supply and input. */
  readonly side: 'low' | 'high';
  /** The resistor that makes a divider of it: to the supply for a vane on the low side, to ground otherwise. */
  readonly resistorOhms: number;
  readonly positions?: readonly VanePosition[];
  /** A potentiometer across the supply instead of resistances: its shares of the supply at 0° and just before 360°. */
  readonly potentiometer?: { readonly shareAt0: number; readonly shareAt360: number };
  /** Added to the direction when the mast does not face north. */
  readonly northOffsetDegrees: number;
};

type Divider = Pick<VaneWiring, 'side' | 'resistorOhms'>;

/** The share of the supply at the input. */
export const shareOf = (ohms: number, { side, resistorOhms }: Divider): number =>
  (side === 'low' ? ohms : resistorOhms) / (ohms + resistorOhms);

/** The resistance of the vane at a share of the supply. */
export const ohmsOf = (share: number, { side, resistorOhms }: Divider): number =>
  side === 'low' ? (resistorOhms * share) / (1 - share) : (resistorOhms * (1 - share)) / share;

/** Resistors of 1 % are off by 0.005 at most, a supply taken for 3.3 V that is 2 % off by 0.018. */
const TOLERANCE = 0.02;
/** Beyond this a position fits badly where the supply is measured. */
const GOOD_FIT = 0.008;
const MIN_SHARE = 0.03;
/** How far a potentiometer may turn beyond its ends. */
const SLACK = 0.02;

/** What one look at the vane shows. */
type VaneReading = {
  readonly volts: number;
  /** Of the supply. */
  readonly share: number;
  /** Degrees true, 0 to below 360; `null` between two positions. */
  readonly directionDegrees: number | null;
  /** Whether the voltage is that of a position, as near as good resistors make it. */
  readonly isGoodFit: boolean;
};

/** Reads a voltage to ground; the vane needs no more of its converter. */
export type Adc = {
  /** Volts at an input, from 0 on. Rejects with `SensorError`. */
  readVolts(input: number): Promise<number>;
};

/** Below this the divider says nothing. */
const MIN_SUPPLY_VOLTS = 1;

type Candidate = { readonly directionDegrees: number; readonly share: number };

/** A vane behind a converter: a divider with a resistance for each position, or a potentiometer. */
export class Vane {
  readonly #adc: Adc;
  readonly #wiring: VaneWiring;
  readonly #candidates: readonly Candidate[];
  /** Beyond them the line is shorted or open. */
  readonly #lowest: number;
  readonly #highest: number;

  constructor(adc: Adc, wiring: VaneWiring) {
    this.#adc = adc;
    this.#wiring = wiring;
    const { positions = USUAL_POSITIONS, potentiometer } = wiring;
    this.#candidates = positions.map(({ directionDegrees, ohms }) => ({
      directionDegrees,
      share: shareOf(ohms, wiring),
    }));
    const ends = potentiometer && [potentiometer.shareAt0, potentiometer.shareAt360];
    const shares = ends ?? this.#candidates.map(({ share }) => share);
    const slack = ends === undefined ? 0 : SLACK;
    const lowest = Math.min(...shares) - slack;
    const highest = Math.max(...shares) + slack;
    // A potentiometer that goes from end to end has no share that only a fault gives.
    this.#lowest = ends === undefined ? Math.min(MIN_SHARE, lowest / 2) : lowest;
    this.#highest = ends === undefined ? Math.max(1 - MIN_SHARE, (1 + highest) / 2) : highest;
  }

  /** Rejects with `SensorError`, `implausible` for a short, an open line or a dead supply. */
  async read(): Promise<VaneReading> {
    const { volts, share } = await this.readShare();
    if (share < this.#lowest || share > this.#highest) {
      const complaint = this.#complaintOf(share);
      throw new SensorError('implausible', `wind vane: its line ${complaint} (${volts.toFixed(3)} V)`);
    }
    return { volts, share, ...this.#match(share) };
  }

  /** The voltage at the input and its share of the supply, whatever they mean. */
  async readShare(): Promise<{ readonly volts: number; readonly share: number }> {
    const supplyVolts = await this.#readSupplyVolts();
    const volts = await this.#adc.readVolts(this.#wiring.channel);
    return { volts, share: volts / supplyVolts };
  }

  #complaintOf(share: number): string {
    const { side, potentiometer } = this.#wiring;
    if (potentiometer !== undefined) return 'is beyond the ends of its potentiometer';
    const isAtGround = share < this.#lowest;
    if (side === 'low') return isAtGround ? 'is shorted to ground' : 'is open: cable, plug or pull-up';
    return isAtGround ? 'is open: cable, plug or pull-down' : 'is shorted to the supply';
  }

  #match(share: number): Pick<VaneReading, 'directionDegrees' | 'isGoodFit'> {
    const { potentiometer, supplyChannel } = this.#wiring;
    if (potentiometer !== undefined) {
      const { shareAt0, shareAt360 } = potentiometer;
      const turn = Math.max(0, Math.min(1, (share - shareAt0) / (shareAt360 - shareAt0)));
      return { directionDegrees: this.#towardsNorth(turn * 360), isGoodFit: true };
    }
    const nearest = this.#candidates.reduce((best, candidate) =>
      Math.abs(candidate.share - share) < Math.abs(best.share - share) ? candidate : best,
    );
    const distance = Math.abs(nearest.share - share);
    return {
      directionDegrees: distance <= TOLERANCE ? this.#towardsNorth(nearest.directionDegrees) : null,
      isGoodFit: distance <= (supplyChannel === undefined ? TOLERANCE : GOOD_FIT),
    };
  }

  #towardsNorth(degrees: number): number {
    return (((degrees + this.#wiring.northOffsetDegrees) % 360) + 360) % 360;
  }

  async #readSupplyVolts(): Promise<number> {
    const { supplyChannel, supplyVolts } = this.#wiring;
    if (supplyChannel === undefined) return supplyVolts;
    const volts = await this.#adc.readVolts(supplyChannel);
    if (volts >= MIN_SUPPLY_VOLTS) return volts;
    throw new SensorError(
      'implausible',
      `wind vane: its supply measures ${volts.toFixed(2)} V; ${supplyVolts} V belongs there`,
    );
  }
}

/** A vane that stands still changes by the noise of the converter only. */
const STILL_SHARE = 0.003;
const REMEMBERED = 1_000;
/** So many misfits, and such a share of all: more than a worn reed or a slow turn from one position to the next makes. */
const MIN_MISFITS = 30;
const MIN_MISFIT_SHARE = 0.1;

/**
 * Watches whether a vane at rest rests at the voltages of its positions. With another divider, or another vane, some are
 * between two positions and many beside one: then those that do fit say a wrong direction.
 */
export class FitWatch {
  readonly #misfits: boolean[] = [];
  #lastShare = Number.NaN;

  note({ share, isGoodFit }: VaneReading): void {
    const isStill = Math.abs(share - this.#lastShare) < STILL_SHARE;
    this.#lastShare = share;
    if (!isStill) return;
    this.#misfits.push(!isGoodFit);
    if (this.#misfits.length > REMEMBERED) this.#misfits.shift();
  }

  /** What is wrong; `null` while nothing is. */
  complaint(): string | null {
    const misfits = this.#misfits.filter((isMisfit) => isMisfit).length;
    if (misfits < MIN_MISFITS || misfits < MIN_MISFIT_SHARE * this.#misfits.length) return null;
    const percent = Math.round((100 * misfits) / this.#misfits.length);
    return `${percent} % of the voltages it rests at fit none of its positions: another resistor or table?`;
  }
}
