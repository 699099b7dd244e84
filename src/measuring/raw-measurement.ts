import type { Measured } from '../instruments/instrument.ts';
import type { Outcome } from '../instruments/station-instruments.ts';
import {
  isOptional,
  type Quantity,
  type QuantityTable,
  quantitiesOf,
  quantityTable,
} from '../weather/quantities.ts';
import { type Instant, type RawMeasurement, SUBSTITUTE } from '../weather/reading.ts';

export type CombinedMeasurement = {
  readonly raw: RawMeasurement;
  /** What the reading reports: its state belongs into the commit, and is settled once that is on disk. */
  readonly reported: readonly Measured[];
};

/**
 * Makes one reading of what the instruments gave, which come in the order of the configuration: of each quantity the
 * first value counts. One that does not come from the first instrument is flagged; where there is none, the reason is
 * the first instrument's. An optional quantity that no instrument measures is left out.
 */
export const combine = (
  at: Instant,
  outcomes: readonly Outcome[],
  table: QuantityTable = quantityTable,
): CombinedMeasurement => {
  const values: Partial<Record<Quantity, number | null>> = {};
  const faults: Partial<Record<Quantity, string>> = {};
  const doubts: Partial<Record<Quantity, string>> = {};
  for (const quantity of quantitiesOf(table)) {
    const candidates = outcomes.filter((outcome) => outcome.quantities.includes(quantity));
    if (candidates.length === 0 && isOptional(table[quantity])) continue;
    const winner = candidates.find((outcome) => valueFrom(outcome, quantity) !== null);
    const [first] = candidates;
    values[quantity] = winner === undefined ? null : valueFrom(winner, quantity);
    if (winner === undefined) {
      if (first?.fault) faults[quantity] = `missing:${first.fault.code}`;
      continue;
    }
    const doubt = winner === first ? winner.measured?.doubts?.[quantity] : SUBSTITUTE;
    if (doubt !== undefined) doubts[quantity] = doubt;
  }
  const raw = { at, values: values as RawMeasurement['values'], faults, doubts };
  return { raw, reported: outcomes.flatMap((outcome) => reportedOf(outcome, raw)) };
};

const valueFrom = ({ fault, measured }: Outcome, quantity: Quantity): number | null =>
  fault === null ? (measured?.values[quantity] ?? null) : null;

/** Counts behind a fault wait for the next reading, unless a substitute has reported the same interval. */
const reportedOf = (
  { fault, measured, quantities: own }: Outcome,
  { values }: RawMeasurement,
): Measured[] => {
  if (measured === null) return [];
  return fault === null || own.every((quantity) => values[quantity] !== null) ? [measured] : [];
};
