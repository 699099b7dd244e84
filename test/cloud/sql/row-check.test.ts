import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type LandingTableKey, landingTables } from '../../../cloud/sql/landing-tables.ts';
import { type Column, checkRow, columnsOf, isOptionalQuantity } from '../../../cloud/sql/row-check.ts';
import { loadSchema } from '../../../cloud/sql/warehouse-schema.ts';

const schema = loadSchema(fileURLToPath(new URL('../../../cloud/sql', import.meta.url)));

const exampleOf = ({ type }: Column): unknown => {
  if (type.startsWith('VARCHAR')) return '1';
  if (type === 'TIMESTAMP') return '2020-05-20 14:58:28';
  if (type === 'BOOLEAN') return true;
  return type === 'SUPER' ? { humidity: 'stuck' } : 1;
};

describe.each(Object.keys(landingTables) as LandingTableKey[])('a row of %s', (table) => {
  const columns = columnsOf(table, schema);
  const row = Object.fromEntries(
    columns
      .filter(({ name }) => name !== 'extra' && !(table === 'sensordata' && isOptionalQuantity(name)))
      .map((column) => [column.name, exampleOf(column)]),
  );

  it('is loaded as it is', () => {
    expect(checkRow(columns, JSON.stringify(row))).toEqual({ text: JSON.stringify(row) });
  });

  it('has no other key that Athena, which knows no capitals, could take for a column', () => {
    const { text = '' } = checkRow(columns, JSON.stringify({ ...row, DeviceID: '2', DATETIME: 'x' })) as {
      text?: string;
    };

    const { extra, ...others } = JSON.parse(text);
    expect(others).toEqual(row);
    expect(extra).toEqual(table === 'sensordata' ? { DeviceID: '2', DATETIME: 'x' } : undefined);
  });
});
