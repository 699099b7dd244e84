import { SensorError } from '../sensor-error.ts';
import { vanePositionOf } from './positions.ts';

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
