import type { StationBuses } from '../buses/station-buses.ts';
import { lineName } from '../gpio/header-pins.ts';
import { createBounceFilter } from '../instruments/contacts.ts';
import { SensorError } from '../instruments/instrument-health.ts';
import { findingOf, type TurnFinding, watchTurn } from '../instruments/wind-vane/calibration.ts';
import { Vane } from '../instruments/wind-vane/vane.ts';
import { adcOf, windVane } from '../instruments/wind-vane/wind-vane.ts';
import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import type { Dialogue } from './dialogue.ts';

/** A part of the configuration as it stands in the file, without defaults. */
export type Part = Readonly<Record<string, unknown>>;

/** A part with these values; `undefined` takes one away. */
export const withValues = (part: Part, values: Part): Part =>
  Object.fromEntries(Object.entries({ ...part, ...values }).filter(([, value]) => value !== undefined));

/** How instruments are watched while somebody moves them. */
export type TryOut = {
  /** The buses, with these parts of `sensors` wired to them where they are simulated. Rejects where there are none. */
  openBuses(sensors: Readonly<Record<string, Part>>): Promise<TriedBuses>;
};

type TriedBuses = {
  readonly buses: StationBuses;
  readonly clock: Clock;
  /** Called between two looks at the vane. */
  readonly onLook: () => void;
};

type ClosuresParts = TryOut & {
  readonly dialogue: Dialogue;
  readonly sensors: Readonly<Record<string, Part>>;
  readonly gpio: number;
  readonly move: string;
  readonly lockoutMs: number;
};

const SHOWN_EVERY_MS = 250;

/** Counts the closures of a contact until Enter; `null` where it was not tried. */
export const tryClosures = async (parts: ClosuresParts): Promise<number | null> => {
  const { dialogue, openBuses, sensors, gpio, move, lockoutMs } = parts;
  if (!(await dialogue.confirm(`${move} now and see the closures counted?`, true))) return null;
  const { buses, clock } = await openBuses(sensors);
  try {
    dialogue.say(`${move}; Enter ends it.`);
    return await dialogue.untilEnter(async (signal) => {
      const isClosure = createBounceFilter(lockoutMs);
      let closures = 0;
      let trouble = 'the line is not watched yet';
      buses.edgeSource
        .watch(
          [gpio],
          ({ atMs, level }) => {
            if (isClosure(atMs, level)) closures += 1;
          },
          (fault) => {
            trouble = fault?.message ?? '';
          },
        )
        .then(
          () => {
            trouble = '';
          },
          // The buses were closed meanwhile.
          () => undefined,
        );
      while (!signal.aborted) {
        await pause(clock, SHOWN_EVERY_MS, signal);
        dialogue.show(`${lineName(gpio)}: ${closures} closures${trouble === '' ? '' : `; ${trouble}`}`);
      }
      dialogue.say('');
      return closures;
    });
  } finally {
    await buses.close();
  }
};

type VaneParts = TryOut & { readonly dialogue: Dialogue; readonly vane: Part };

/** Watches a turn of the vane; what it changes of the vane's part of the configuration. */
export const tryVane = async ({ dialogue, openBuses, vane: part }: VaneParts): Promise<Part> => {
  if (!(await dialogue.confirm('Turn the vane now and see its directions?', true))) return {};
  const wiring = windVane.schema.parse(part);
  const { buses, clock, onLook } = await openBuses({ windVane: part });
  try {
    const turn = await dialogue.untilEnter(async (signal) => {
      try {
        return await watchTurn({
          vane: new Vane(adcOf(wiring, { ...buses, clock }), wiring),
          wiring,
          clock,
          onLook,
          write: (text) => dialogue.say(text.trimEnd()),
          signal,
          endedBy: 'Enter',
        });
      } catch (error) {
        if (!(error instanceof SensorError)) throw error;
        dialogue.say(`  ${error.message}`);
        return null;
      }
    });
    return turn === null ? {} : await takeOver(dialogue, findingOf(turn, wiring), turn.isRound);
  } finally {
    await buses.close();
  }
};

const takeOver = async (dialogue: Dialogue, finding: TurnFinding, isRound: boolean): Promise<Part> => {
  // A part of a turn makes no table.
  if (!isRound || finding.kind === 'fits' || finding.kind === 'unturned') return {};
  if (!(await dialogue.confirm('Take this over?', true))) return {};
  if (finding.kind === 'resistor') return { resistorOhms: finding.resistorOhms };
  if (finding.kind === 'positions') return { positions: finding.positions, potentiometer: undefined };
  if (finding.kind !== 'potentiometer') return {};
  const { shareAt0, shareAt360 } = finding;
  return { potentiometer: { shareAt0, shareAt360 }, positions: undefined };
};
