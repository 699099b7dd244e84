import type { Quantity } from './quantities.ts';
import type { Measurement } from './reading.ts';

/** Doubts of an extreme that may be real: they must not silence the warning of it. */
const isUsable = (flag: string | undefined): boolean =>
  flag === undefined || flag === 'suspect:range' || flag === 'suspect:gust';

/** The value, if nothing speaks against it but that it is extreme. */
export const goodValue = ({ values, quality }: Measurement, quantity: Quantity): number | null =>
  isUsable(quality[quantity]) ? (values[quantity] ?? null) : null;
