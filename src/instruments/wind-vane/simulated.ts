import { gaussian, seedOf } from '../../simulation/noise.ts';
import { eventsOf, isDuring } from '../../simulation/scenario.ts';
import { faultyChip, type RegisterChip, withRegisters } from '../../simulation/simulated-i2c-bus.ts';
import type { SimulatedInstrument, Surroundings } from '../instrument.ts';
import { folderOf } from '../kernel/kernel-device.ts';
import { shareOf, type VaneWiring } from './vane.ts';

/** Pointer register (SBAS444 table 8-2). */
const register = { conversion: 0, config: 1, lo_thresh: 2, hi_thresh: 3 } as const;
const CONFIG_AFTER_RESET = 0x8583;
const OS = 0x8000;
const MODE_SINGLE_SHOT = 0x0100;

const PGA_VOLTS = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256];
const DATA_RATES = [8, 16, 32, 64, 128, 250, 475, 860];
const WAKE_UP_MS = 0.025;
/** MUX: the positive and the negative input, `null` for ground. */
const MUX = [
  [0, 1],
  [0, 3],
  [1, 3],
  [2, 3],
  [0, null],
  [1, null],
  [2, null],
  [3, null],
] as const;

/** Input-referred noise, about one step of the ±4.096 V range. */
const NOISE_VOLTS = 0.000_1;

export type Ads1115ChipOptions = {
  readonly nowMs: () => number;
  /** Voltage to ground at input AIN0 to AIN3 at a moment of `nowMs`. */
  readonly voltsAt: (input: number, atMs: number) => number;
  /** Seeds the noise; none without. */
  readonly noiseSeed?: number;
};

/** An ADS1115 down to its registers (TI SBAS444), without the comparator. */
export class Ads1115Chip implements RegisterChip {
  readonly #options: Ads1115ChipOptions;
  readonly #registers = new Uint16Array(4);
  #doneAtMs: number | null = null;
  #conversions = 0;

  constructor(options: Ads1115ChipOptions) {
    this.#options = options;
    this.powerOn();
  }

  powerOn(): void {
    this.#registers.set([0, CONFIG_AFTER_RESET, 0x8000, 0x7fff]);
    this.#doneAtMs = null;
  }

  /** A register is two bytes, the high one first; reading on repeats it, the pointer does not move. */
  read(from: number, length: number): Uint8Array {
    this.#settle();
    const number = from & 0x03;
    const word = number === register.config ? this.#config() : (this.#registers[number] ?? 0);
    return Uint8Array.from({ length }, (_, index) => (index % 2 === 0 ? word >> 8 : word & 0xff));
  }

  /** Fewer than two bytes change nothing. */
  write(first: number, [high, low]: Uint8Array): void {
    const number = first & 0x03;
    if (high === undefined || low === undefined || number === register.conversion) return;
    this.#settle();
    const word = (high << 8) | low;
    this.#registers[number] = word;
    if (number === register.config && this.#startsConversion(word)) {
      this.#doneAtMs = this.#options.nowMs() + this.#conversionMs();
    }
  }

  #startsConversion(config: number): boolean {
    const isContinuous = (config & MODE_SINGLE_SHOT) === 0;
    return isContinuous || ((config & OS) !== 0 && this.#doneAtMs === null);
  }

  #conversionMs(): number {
    const rate = DATA_RATES[((this.#registers[register.config] ?? 0) >> 5) & 0x07] ?? 128;
    return 1000 / rate + WAKE_UP_MS;
  }

  /** Read back, OS means "no conversion is going on". */
  #config(): number {
    const config = this.#registers[register.config] ?? 0;
    return this.#doneAtMs === null ? config | OS : config & ~OS;
  }

  #settle(): void {
    const nowMs = this.#options.nowMs();
    if (this.#doneAtMs === null || nowMs < this.#doneAtMs) return;
    const isSingleShot = ((this.#registers[register.config] ?? 0) & MODE_SINGLE_SHOT) !== 0;
    const doneAtMs = isSingleShot ? this.#doneAtMs : nowMs;
    this.#doneAtMs = isSingleShot ? null : nowMs + this.#conversionMs();
    this.#conversions += 1;
    this.#registers[register.conversion] = this.#convert(doneAtMs);
  }

  #convert(atMs: number): number {
    const config = this.#registers[register.config] ?? 0;
    const [positive, negative] = MUX[(config >> 12) & 0x07] ?? MUX[0];
    const fullScaleVolts = PGA_VOLTS[(config >> 9) & 0x07] ?? 2.048;
    const { voltsAt, noiseSeed } = this.#options;
    const noiseVolts = noiseSeed === undefined ? 0 : NOISE_VOLTS * gaussian(noiseSeed, this.#conversions);
    const volts = voltsAt(positive, atMs) - (negative === null ? 0 : voltsAt(negative, atMs)) + noiseVolts;
    return Math.max(-32768, Math.min(32767, Math.round((volts / fullScaleVolts) * 32768)));
  }
}

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
