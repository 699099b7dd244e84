import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { encodeEntry } from '../../src/history/entry.ts';
import { readingBodySchema } from '../../src/uplink/outgoing.ts';
import { readingMessage } from '../../src/weather/message.ts';
import { isOptional, quantities, quantityTable } from '../../src/weather/quantities.ts';
import { measurementAt } from '../fakes/measurements.ts';

/**
 * The history stores values in this order without their names: a change makes every stored chart wrong. A new quantity
 * is appended here as well.
 */
const storedOrder = [
  'temperature',
  'humidity',
  'winddirection',
  'windintensity',
  'windgust',
  'rainheight',
  'pressure',
  'soiltemperature',
  'secondtemperature',
  'supplyvoltage',
  'supplycurrent',
  'illuminance',
];

const recorded = z
  .array(z.object({ stored: z.string(), message: z.string(), history: z.string() }))
  .parse(
    JSON.parse(readFileSync(new URL('../fixtures/release-0.1.0/readings.json', import.meta.url), 'utf8')),
  );

describe('the table of quantities', () => {
  it('is appended to only', () => {
    expect(quantities).toEqual(storedOrder);
  });

  it('has the seven of the contract in every message, and no other', () => {
    expect(quantities.filter((quantity) => !isOptional(quantityTable[quantity]))).toEqual(
      storedOrder.slice(0, 7),
    );
  });

  it('takes no name that a key of the message has', () => {
    const keys = Object.keys(
      readingMessage(
        { deviceid: '1', epoch: '01JX', seq: 1, previous: { epoch: '01JW', seq: 9 } },
        measurementAt(0),
        { wallMs: 0, timequality: 'synced' },
      ),
    ).filter((key) => !storedOrder.includes(key));

    expect(quantities.filter((quantity) => keys.includes(quantity) || !/^[a-z0-9]+$/.test(quantity))).toEqual(
      [],
    );
  });

  it.each(recorded.map((each, index) => ({ ...each, seq: index + 1 })))(
    'makes message and history entry of stored reading $seq as release 0.1.0 did, byte for byte',
    ({ stored, message, history, seq }) => {
      const body = readingBodySchema.parse(JSON.parse(stored));
      const stamp = { wallMs: Date.UTC(2026, 5, 1, 12, 0, 12, 700), timequality: 'synced' as const };

      expect(JSON.stringify(readingMessage({ deviceid: '1', epoch: '01JX', seq }, body, stamp))).toBe(
        message,
      );
      expect(encodeEntry({ ...body, count: 1 })).toBe(history);
    },
  );
});
