import type { GatewayStatus } from '../../status/status.ts';
import { displayUnit, type UnitFormat } from '../../weather/display-units.ts';
import { formatFlag } from '../../weather/format.ts';
import {
  isOptional,
  type Quantity,
  type QuantityTable,
  quantitiesOf,
  quantityTable,
} from '../../weather/quantities.ts';
import { chartColour } from './chart-definitions.ts';

export type CardText = {
  readonly quantity: Quantity;
  readonly name: string;
  readonly unit: string;
  /** Custom property of styles/colours.css. */
  readonly colour: string;
  readonly value: string;
  /** Empty when nothing is the matter. */
  readonly flag: string;
};

/** What the cards of the optional quantities in the newest reading show. */
export const cardTexts = (
  latest: GatewayStatus['latest'],
  units: UnitFormat,
  table: QuantityTable = quantityTable,
): CardText[] =>
  quantitiesOf(table).flatMap((quantity) => {
    const value = latest?.[quantity];
    if (!isOptional(table[quantity]) || value === undefined) return [];
    const { name, unit, shownDecimals } = table[quantity];
    const flag = latest?.quality[quantity];
    return [
      {
        quantity,
        name,
        unit: displayUnit(units.system, unit).unit,
        colour: chartColour(quantity, table),
        value: units.number(value, unit, shownDecimals),
        flag: flag === undefined ? '' : formatFlag(flag),
      },
    ];
  });
