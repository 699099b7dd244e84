import { SensorError } from '../sensor.ts';
import type { Ads1115 } from './ads1115.ts';
import { vanePositionOf } from './wind-vane-positions.ts';

export type WindVaneOptions = {
  readonly adc: Ads1115;
  /** Input the vane is on. */
  readonly channel: number;
  /** Input that measures the vane's supply; 3.3 V is assumed without. */
  readonly supplyChannel?: number;
  /** Added to the direction when the mast does not face north. */
  readonly northOffsetDegrees: number;
};

export type WindVane = {
  /**
   * Where the wind comes from, degrees true, 0 to below 360; `null` between two positions. Rejects with `SensorError`,
   * `implausible` for a short, an open line or a dead supply.
   */
  read(): Promise<number | null>;
  /** How many voltages matched no position. */
  unmatched(): number;
};

const NOMINAL_SUPPLY_VOLTS = 3.3;
/** Below this the divider says nothing. */
const MIN_SUPPLY_VOLTS = 1;
/** The converter ends at 4.096 V: a supply beyond it cannot be measured. */
const MAX_SUPPLY_VOLTS = 4.09;

export const createWindVane = (options: WindVaneOptions): WindVane => {
  const { adc, channel, supplyChannel, northOffsetDegrees } = options;
  let unmatched = 0;

  const readSupplyVolts = async (): Promise<number> => {
    if (supplyChannel === undefined) return NOMINAL_SUPPLY_VOLTS;
    const volts = await adc.readVolts(supplyChannel);
    if (volts >= MIN_SUPPLY_VOLTS && volts < MAX_SUPPLY_VOLTS) return volts;
    throw new SensorError(
      'implausible',
      `wind vane: its supply measures ${volts.toFixed(2)} V; 3.3 V belongs there`,
    );
  };

  const read = async (): Promise<number | null> => {
    const supplyVolts = await readSupplyVolts();
    const volts = await adc.readVolts(channel);
    const position = vanePositionOf(volts / supplyVolts);
    if (position === 'unmatched') {
      unmatched += 1;
      return null;
    }
    if (typeof position === 'number') return (((position + northOffsetDegrees) % 360) + 360) % 360;
    const complaint = position === 'short' ? 'is shorted to ground' : 'is open: cable, plug or pull-up';
    throw new SensorError('implausible', `wind vane: its line ${complaint} (${volts.toFixed(3)} V)`);
  };

  return { read, unmatched: () => unmatched };
};
