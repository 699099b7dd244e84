import { I2cError } from '../../i2c/i2c-bus.ts';
import type { Clock } from '../../time/clock.ts';
import { pause } from '../../time/loops.ts';
import { SensorError } from '../instrument-health.ts';
import { ohmsOf, shareOf, USUAL_POSITIONS, type Vane, type VanePosition, type VaneWiring } from './vane.ts';

/** Two looks that differ by less are of a vane that does not turn. */
const STILL_SHARE = 0.002;
/** Looks that differ by less are of one position. */
const SAME_SHARE = 0.004;
/** A position of the table this near is the one that was meant. */
const FITTING_SHARE = 0.008;
/** More are those of a potentiometer, which has none. */
const MAX_POSITIONS = 40;
/** Fewer than these are no turn. */
const MIN_POSITIONS = 4;
/** Beyond these no vane hangs at the input. */
const NOTHING = { below: 0.005, above: 0.995 };

type Seen = { share: number; looks: number };

/** What a vane showed that was turned once round. */
export class Turn {
  readonly #seen: Seen[] = [];
  #last = Number.NaN;
  #isRound = false;

  /** The position it rests at, if that is a new one. */
  note(share: number): number | null {
    const isStill = Math.abs(share - this.#last) < STILL_SHARE;
    this.#last = share;
    if (!isStill) return null;
    const known = this.#seen.find((each) => Math.abs(each.share - share) < SAME_SHARE);
    if (known === undefined) {
      this.#seen.push({ share, looks: 1 });
      return share;
    }
    known.looks += 1;
    known.share += (share - known.share) / known.looks;
    if (known === this.#seen[0] && this.#seen.length > MIN_POSITIONS) this.#isRound = true;
    return null;
  }

  /** Whether it came back to where it began. */
  get isRound(): boolean {
    return this.#isRound;
  }

  /** Shares of the supply, in the order they came. */
  shares(): number[] {
    return this.#seen.map(({ share }) => share);
  }
}

const rounded = (value: number): number => Number(value.toPrecision(4));

type Fit = { readonly directionDegrees: number; readonly ohms: number; readonly distance: number };

const nearestOf = (share: number, wiring: VaneWiring): Fit => {
  const fits = tableOf(wiring).map(({ directionDegrees, ohms }) => ({
    directionDegrees,
    ohms,
    distance: Math.abs(shareOf(ohms, wiring) - share),
  }));
  return fits.reduce((best, each) => (each.distance < best.distance ? each : best));
};

const seenLine = (share: number, wiring: VaneWiring, supplyVolts: number): string => {
  const volts = `${(share * supplyVolts).toFixed(3)} V`;
  if (wiring.potentiometer !== undefined) return `${volts}  ${(share * 100).toFixed(1)} % of the supply`;
  const { directionDegrees, ohms, distance } = nearestOf(share, wiring);
  const fit =
    distance <= FITTING_SHARE ? `${directionDegrees}° of the table (${ohms} Ω)` : 'no position of the table';
  return `${volts}  ${rounded(ohmsOf(share, wiring))} Ω  ${fit}`;
};

const closestLine = (shares: readonly number[], supplyVolts: number): string => {
  const sorted = shares.toSorted((a, b) => a - b);
  const gaps = sorted.slice(1).map((share, index) => share - (sorted[index] ?? 0));
  const gap = Math.min(...gaps);
  const lower = sorted[gaps.indexOf(gap)] ?? 0;
  const volts = (share: number): string => `${(share * supplyVolts).toFixed(3)} V`;
  return `The closest two, ${volts(lower)} and ${volts(lower + gap)}, are ${Math.round(gap * supplyVolts * 1000)} mV apart.`;
};

/** Usual pull resistors, Ω. */
const USUAL_OHMS = [1, 1.5, 2.2, 3.3, 4.7, 5.1, 6.8, 8.2].flatMap((each) => [each * 1_000, each * 10_000]);

/** The resistor with which the table fits what was seen: then it is not the vane that is another. */
const fittingResistor = (shares: readonly number[], wiring: VaneWiring): number | undefined => {
  const table = tableOf(wiring);
  if (shares.length !== table.length) return undefined;
  return USUAL_OHMS.find((resistorOhms) =>
    shares.every((share) => nearestOf(share, { ...wiring, resistorOhms }).distance <= FITTING_SHARE / 2),
  );
};

/** What a turn says of the vane's part of the configuration. */
export type TurnFinding =
  | { readonly kind: 'unturned' | 'fits' }
  | { readonly kind: 'resistor'; readonly resistorOhms: number }
  | { readonly kind: 'positions'; readonly positions: readonly VanePosition[] }
  | { readonly kind: 'potentiometer'; readonly shareAt0: number; readonly shareAt360: number };

/** The table is right only for a vane that stood to the north at first and was turned clockwise. */
export const findingOf = (turn: Turn, wiring: VaneWiring): TurnFinding => {
  const shares = turn.shares();
  // A potentiometer that rested in a few places only shows neither its ends nor a table.
  if (shares.length < 2 || (wiring.potentiometer !== undefined && shares.length <= MAX_POSITIONS))
    return { kind: 'unturned' };
  if (shares.length > MAX_POSITIONS)
    return {
      kind: 'potentiometer',
      shareAt0: rounded(Math.min(...shares)),
      shareAt360: rounded(Math.max(...shares)),
    };
  const isAll = fittingDirections(shares, wiring).size === tableOf(wiring).length;
  if (isAll && shares.length === tableOf(wiring).length) return { kind: 'fits' };
  const resistorOhms = fittingResistor(shares, wiring);
  if (resistorOhms !== undefined) return { kind: 'resistor', resistorOhms };
  const positions = shares.map((share, index) => ({
    directionDegrees: rounded((index * 360) / shares.length),
    ohms: rounded(ohmsOf(share, wiring)),
  }));
  return { kind: 'positions', positions };
};

const tableOf = ({ positions = USUAL_POSITIONS }: VaneWiring): readonly VanePosition[] => positions;

/** The directions of the table that were seen. */
const fittingDirections = (shares: readonly number[], wiring: VaneWiring): Set<number> =>
  new Set(
    shares
      .map((share) => nearestOf(share, wiring))
      .flatMap(({ distance, directionDegrees }) => (distance <= FITTING_SHARE ? [directionDegrees] : [])),
  );

const proposal = (finding: TurnFinding): string[] => {
  switch (finding.kind) {
    case 'resistor':
      return [`All fit it with another resistor: sensors.windVane.resistorOhms: ${finding.resistorOhms}`];
    case 'positions':
      return [
        'If it stood to the north at first and was turned clockwise, this is its table:',
        '',
        'sensors:',
        '  windVane:',
        '    positions:',
        ...finding.positions.map(
          ({ directionDegrees, ohms }) => `      - { directionDegrees: ${directionDegrees}, ohms: ${ohms} }`,
        ),
      ];
    case 'potentiometer':
      return [
        'sensors:',
        '  windVane:',
        `    potentiometer: { shareAt0: ${finding.shareAt0}, shareAt360: ${finding.shareAt360} }`,
      ];
    case 'fits':
    case 'unturned':
      return [];
  }
};

const unturnedLine = (places: number): string =>
  places > 1
    ? `It rested in ${places} places, which show no ends of a potentiometer: turn it once round more slowly.`
    : `The vane was not turned: ${places === 0 ? 'no' : 'one'} position was seen.`;

/** What was seen, how far apart it is, and what to write into the configuration. */
export const report = (turn: Turn, wiring: VaneWiring, supplyVolts: number): string => {
  const shares = turn.shares();
  const finding = findingOf(turn, wiring);
  if (finding.kind === 'unturned') return `${unturnedLine(shares.length)}\n`;
  const ends = `from ${rounded(Math.min(...shares))} to ${rounded(Math.max(...shares))} of the supply`;
  const seen =
    finding.kind === 'potentiometer'
      ? [`It has no positions and goes ${ends}: a potentiometer?`]
      : [
          `${shares.length} positions, ${ends}. ${closestLine(shares, supplyVolts)}`,
          `${fittingDirections(shares, wiring).size} of the ${tableOf(wiring).length} positions of the table were seen${
            finding.kind === 'fits' ? ': nothing is to be changed' : ''
          }.`,
        ];
  return [...seen, ...proposal(finding), ''].join('\n');
};

type CalibrationParts = {
  readonly vane: Pick<Vane, 'readShare'>;
  readonly wiring: VaneWiring;
  readonly clock: Clock;
  /** Called between two looks; by a simulation, which turns the vane meanwhile. */
  readonly onLook?: () => void;
  readonly write: (text: string) => void;
  /** Ends it with what was seen until then. */
  readonly signal: AbortSignal;
  /** The key that aborts the signal; Ctrl-C without. */
  readonly endedBy?: string;
};

const LOOK_EVERY_MS = 40;
const MAX_MS = 300_000;
/** A vane that is not there does not come. */
const PATIENCE_MS = 10_000;

/** Watches a vane that somebody turns once round. Rejects with `SensorError` where there is none. */
export const watchTurn = async (parts: CalibrationParts): Promise<Turn> => {
  const { vane, wiring, clock, onLook, write, signal, endedBy = 'Ctrl-C' } = parts;
  write(
    `Point the vane to the north, then turn it slowly clockwise, once round. ${endedBy} ends it earlier.\n`,
  );
  const turn = new Turn();
  const startMs = clock.monotonicMs();
  let { supplyVolts } = wiring;
  while (!(signal.aborted || turn.isRound || clock.monotonicMs() - startMs > MAX_MS)) {
    const look = await lookAt(vane);
    if (look !== null && look.share >= NOTHING.below && look.share <= NOTHING.above) {
      supplyVolts = look.volts / look.share;
      const found = turn.note(look.share);
      if (found !== null && turn.shares().length <= MAX_POSITIONS)
        write(`${seenLine(found, wiring, supplyVolts)}\n`);
    } else if (turn.shares().length === 0 && clock.monotonicMs() - startMs > PATIENCE_MS) {
      throw new SensorError('missing', nothingThere(look, wiring));
    }
    onLook?.();
    await pause(clock, LOOK_EVERY_MS, signal);
  }
  write(report(turn, wiring, supplyVolts));
  return turn;
};

type Look = { readonly volts: number; readonly share: number };

/** `null` for a transfer that failed on a busy bus; a converter that is missing is an end. */
const lookAt = async (vane: CalibrationParts['vane']): Promise<Look | null> => {
  try {
    return await vane.readShare();
  } catch (error) {
    const isPassing =
      error instanceof SensorError && error.code !== 'missing' && error.cause instanceof I2cError;
    if (isPassing) return null;
    throw error;
  }
};

const nothingThere = (look: Look | null, { channel }: VaneWiring): string =>
  look === null
    ? 'there is no vane to be read: the bus does not work'
    : `there is no vane at input ${channel}: it shows ${look.volts.toFixed(3)} V all the time, as ${
        look.share < NOTHING.below ? 'a shorted' : 'an open'
      } line does`;
