import { seedOf } from '../../simulation/noise.ts';
import { eventsOf, isDuring } from '../../simulation/scenario.ts';
import { faultyChip, withRegisters } from '../../simulation/simulated-i2c-bus.ts';
import type { SimulatedInstrument, Surroundings } from '../../simulation/surroundings.ts';
import { folderOf } from '../kernel/kernel-device.ts';
import { Ads1115Chip } from './simulated-ads1115.ts';
import { shareOf, type VaneWiring } from './vane.ts';

/**
 * The inside of the SparkFun/Argent vane: eight reeds around a magnet, each with its resistor to ground. Where the
 * magnet closes two neighbours, both are in parallel: these are the narrow states in between.
 */
const REED_OHMS = [33_000, 8_200, 1_000, 2_200, 3_900, 16_000, 120_000, 64_900] as const;
const REED_SPACING_DEGREES = 45;
/** How far either side of the middle between two reeds both are closed. */
const OVERLAP_DEGREES = 4.5;

export const vaneOhms = (directionDegrees: number): number => {
  const position = (((directionDegrees % 360) + 360) % 360) / REED_SPACING_DEGREES;
  const lower = Math.floor(position);
  const reed = (index: number): number => REED_OHMS[index % REED_OHMS.length] ?? Number.POSITIVE_INFINITY;
  const fromMiddleDegrees = (position - lower - 0.5) * REED_SPACING_DEGREES;
  if (Math.abs(fromMiddleDegrees) > OVERLAP_DEGREES) return reed(fromMiddleDegrees < 0 ? lower : lower + 1);
  return 1 / (1 / reed(lower) + 1 / reed(lower + 1));
};

const USUAL_DIVIDER = { side: 'low', resistorOhms: 10_000 } as const;

/** The divider's voltage over its supply, as the usual kit is wired. */
export const vaneRatio = (directionDegrees: number): number =>
  shareOf(vaneOhms(directionDegrees), USUAL_DIVIDER);

/** As the configuration has it: of positions of one's own the nearest, of a potentiometer the share of the turn. */
const shareAt = (directionDegrees: number, config: VaneWiring): number => {
  const degrees = ((directionDegrees % 360) + 360) % 360;
  const { positions, potentiometer } = config;
  if (potentiometer !== undefined) {
    const { shareAt0, shareAt360 } = potentiometer;
    return shareAt0 + (degrees / 360) * (shareAt360 - shareAt0);
  }
  if (positions === undefined) return shareOf(vaneOhms(degrees), config);
  const away = (position: { readonly directionDegrees: number }): number => {
    const turn = Math.abs(position.directionDegrees - degrees);
    return Math.min(turn, 360 - turn);
  };
  const nearest = positions.reduce((best, each) => (away(each) < away(best) ? each : best));
  return shareOf(nearest.ohms, config);
};

type Converter = { readonly address: number; readonly device?: string };

/** An MCP3008 with 3.3 V as its reference: ten bits. */
const MCP3008 = { maxRaw: 1_023, millivoltsPerStep: 3_300 / 1_024 };

export const simulate = (config: VaneWiring & Converter, surroundings: Surroundings): SimulatedInstrument => {
  const { scenario, elapsedSeconds } = surroundings;
  const ratioAt = createVane(config, surroundings);
  if (config.device !== undefined) {
    const rawOf = (volts: number): string =>
      `${Math.min(MCP3008.maxRaw, Math.round((volts * 1_000) / MCP3008.millivoltsPerStep))}\n`;
    const folder = `${folderOf('iio')}/iio:device0`;
    const files = new Map([
      [`${folder}/name`, () => `${config.device}\n`],
      [`${folder}/in_voltage_scale`, () => `${MCP3008.millivoltsPerStep}\n`],
      [
        `${folder}/in_voltage${config.channel}_raw`,
        () => rawOf(config.supplyVolts * ratioAt(elapsedSeconds())),
      ],
    ]);
    if (config.supplyChannel !== undefined)
      files.set(`${folder}/in_voltage${config.supplyChannel}_raw`, () => rawOf(config.supplyVolts));
    return { files };
  }
  const chip = new Ads1115Chip({
    nowMs: () => elapsedSeconds() * 1000,
    voltsAt: (input, atMs) => {
      if (input === config.channel) return config.supplyVolts * ratioAt(atMs / 1000);
      return input === config.supplyChannel ? config.supplyVolts : 0;
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
  config: VaneWiring,
  { scenario, weatherAt }: Surroundings,
): ((elapsedSeconds: number) => number) => {
  const stuck = eventsOf(scenario, 'stuckVane');
  const open = eventsOf(scenario, 'openVane');
  return (elapsedSeconds) => {
    if (open.some((event) => isDuring(event, elapsedSeconds))) return config.side === 'low' ? 1 : 0;
    const since = stuck.find((event) => isDuring(event, elapsedSeconds))?.fromSeconds ?? elapsedSeconds;
    return shareAt(weatherAt(since).windDirectionDegrees - config.northOffsetDegrees, config);
  };
};
