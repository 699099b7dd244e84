import { type DerivedQuantity, derivedTable } from '../weather/derived.ts';
import { type Quantity, quantityTable } from '../weather/quantities.ts';

const table = { ...quantityTable, ...derivedTable };

export const nameOf = (quantity: Quantity | DerivedQuantity): string => table[quantity].name;

export const unitOf = (quantity: Quantity | DerivedQuantity): string => table[quantity].unit;

/** A number as a person writes it: `40`, `36.2`. */
export const written = (value: number, decimals: number): string => String(Number(value.toFixed(decimals)));

/** A value with its unit, as precise as the instrument: `36.2 °C`. */
export const amount = (quantity: Quantity | DerivedQuantity, value: number): string =>
  // Without the minus of -0.0.
  `${value.toFixed(table[quantity].shownDecimals).replace(/^-(0(?:\.0+)?)$/, '$1')} ${unitOf(quantity)}`;

/** A limit with its unit, as it was configured: `40 °C`. */
export const limitAmount = (quantity: Quantity | DerivedQuantity, limit: number): string =>
  `${written(limit, 2)} ${unitOf(quantity)}`;
