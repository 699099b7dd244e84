import type { Quantity } from './quantities.ts';
import type { Measurement } from './reading.ts';

/** The value, if nothing speaks against it. */
export const goodValue = ({ values, quality }: Measurement, quantity: Quantity): number | null =>
  quality[quantity] === undefined ? (values[quantity] ?? null) : null;
