import { faultyChip } from '../../simulation/faulty-chip.ts';
import { seedOf } from '../../simulation/noise.ts';
import { eventsOf, isDuring } from '../../simulation/scenario.ts';
import { withRegisters } from '../../simulation/simulated-i2c-bus.ts';
import type { SimulatedInstrument, Surroundings } from '../../simulation/surroundings.ts';
import { Ads1115Chip } from './simulated-ads1115.ts';
import { vaneRatio } from './simulated-vane.ts';
import type { VaneWiring } from './vane.ts';

const SUPPLY_VOLTS = 3.3;

export const simulate = (
  config: VaneWiring & { readonly address: number },
  surroundings: Surroundings,
): SimulatedInstrument => {
  const { scenario, elapsedSeconds } = surroundings;
  const ratioAt = createVane(config, surroundings);
  const chip = new Ads1115Chip({
    nowMs: () => elapsedSeconds() * 1000,
    voltsAt: (input, atMs) => {
      if (input === config.channel) return SUPPLY_VOLTS * ratioAt(atMs / 1000);
      return input === config.supplyChannel ? SUPPLY_VOLTS : 0;
    },
    noiseSeed: seedOf(scenario.seed, 'ads1115'),
  });
  const faulty = faultyChip(withRegisters(chip), {
    name: 'ads1115',
    scenario,
    elapsedSeconds,
    onBrownOut: () => chip.powerOn(),
  });
  return { chips: new Map([[config.address, faulty]]) };
};

/** The vane's voltage over its supply; the offset of a mast that does not face north turns it back. */
const createVane = (
  { northOffsetDegrees }: VaneWiring,
  { scenario, weatherAt }: Surroundings,
): ((elapsedSeconds: number) => number) => {
  const stuck = eventsOf(scenario, 'stuckVane');
  const open = eventsOf(scenario, 'openVane');
  return (elapsedSeconds) => {
    if (open.some((event) => isDuring(event, elapsedSeconds))) return 1;
    const since = stuck.find((event) => isDuring(event, elapsedSeconds))?.fromSeconds ?? elapsedSeconds;
    return vaneRatio(weatherAt(since).windDirectionDegrees - northOffsetDegrees);
  };
};
