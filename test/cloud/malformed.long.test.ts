import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAlertRecord } from '../../cloud/lambda/alert-record.ts';
import { checkRow, columnsOf } from '../../cloud/sql/row-check.ts';
import { loadSchema } from '../../cloud/sql/warehouse-schema.ts';
import { topicRules } from '../../cloud/stack/topic-rules.ts';
import { parseRule, READINGS } from '../system/stand-ins/rule-sql.ts';
import { openWarehouse } from '../system/stand-ins/warehouse.ts';

const PAYLOADS = 10_000;
const schema = loadSchema(fileURLToPath(new URL('../../cloud/sql', import.meta.url)));

const ids = fc.constantFrom('1', '2', '3', '01', ' 1', '1 ', '', 'x'.repeat(300));
const wrong = fc.oneof(
  fc.constantFrom(null, 0, 1, 2, -1, 1.5, 1e308, true, '', 'x', '1', '2020-02-30 00:00:00', '\u0000', 'NaN'),
  fc.constantFrom(
    '+999999999-12-31 23:59:59',
    '0000-05-20 14:58:28',
    '0001-01-01 00:00:00',
    '9999-12-31 23:59:59',
  ),
  fc.constantFrom(1_000, -1e17, 999.97, '٣٣', '+33', 'é'.repeat(33), '\ud83c', Number.MAX_SAFE_INTEGER),
  fc.json({ maxDepth: 2 }).map((text): unknown => JSON.parse(text)),
);
const keys = [
  ...['deviceid', 'datetime', 'temperature', 'epoch', 'seq', 'quality', 'timequality', 'readings', 'lane'],
  ...['alertid', 'count', 'min_temperature', 'max_temperature', 'first_datetime', 'last_datetime', 'late'],
  ...[
    'fromseq',
    'toseq',
    'from',
    'to',
    'reason',
    'state',
    'receivedms',
    'rule',
    'kind',
    'text',
    'transition',
  ],
];
const object = fc
  .tuple(
    fc.record({ deviceid: fc.oneof({ weight: 6, arbitrary: ids }, wrong) }),
    fc.dictionary(fc.constantFrom(...keys), wrong, { maxKeys: 8 }),
    fc.record({ datetime: fc.constant('2020-05-20 14:58:28'), epoch: fc.constant('A'), seq: fc.nat() }),
    fc.nat(3),
  )
  .map(([id, noise, good, order]) => (order === 0 ? { ...id, ...noise } : { ...good, ...noise, ...id }));
const payloads = fc.oneof(
  object,
  fc.array(object, { maxLength: 3 }),
  fc.record({
    deviceid: ids,
    readings: fc.oneof(object, fc.array(fc.oneof(object, wrong), { maxLength: 4 }), wrong),
  }),
  fc.record({
    readings: fc.array(
      object.map((one) => ({ ...one, deviceid: '1' })),
      { maxLength: 3 },
    ),
  }),
  fc.record({ readings: fc.record({ readings: fc.array(object, { maxLength: 3 }) }) }),
  wrong,
);

type Lane = ReturnType<typeof topicRules>[number];
type Row = Readonly<Record<string, unknown>>;

/** What the rule selects of the payloads; a record, or an array of them that each name the topic's station. */
const selectedBy = (rule: Lane): (Row | Row[])[] => {
  const apply = parseRule(rule.sql);
  return fc.sample(payloads, { numRuns: PAYLOADS, seed: 19 }).flatMap((payload, index) => {
    const message = { topic: `weather/1/${rule.lane}`, payload, nowMs: 1_589_190_125_000 };
    const reading = READINGS[index % READINGS.length];
    const selected = apply(reading === undefined ? message : { ...message, reading }) as
      | Row
      | Row[]
      | undefined;
    if (selected === undefined) return [];
    for (const { deviceid } of [selected].flat()) expect(deviceid).toBe('1');
    return [selected];
  });
};

/** The records of Firehose, as text. */
const rowsOf = (rule: Lane): string[] =>
  selectedBy(rule)
    .flatMap((selected) => (rule.isBatch ? selected : [selected]))
    .map((record) => JSON.stringify(record));

/** What the mail function makes of a record: its lane, or nothing. */
const kindOf = (record: string): string | null => {
  try {
    return parseAlertRecord(record, '1').kind;
  } catch {
    return null;
  }
};

describe.each(topicRules('weather'))('10,000 malformed payloads on the topic $lane', (rule) => {
  it('show nothing under another id, and stop nothing', async () => {
    const records = rowsOf(rule);
    const columns = columnsOf(rule.table, schema);

    if (rule.stream === 'alerts') {
      for (const record of records) expect([rule.lane, null]).toContain(kindOf(record));
    }
    // What the check lets through, COPY takes: one statement for all of it.
    const warehouse = await openWarehouse();
    await warehouse.applySchema();
    const rows = records.flatMap((record) => {
      const checked = checkRow(columns, record);
      return checked.problem === undefined ? [checked.text] : [];
    });
    await warehouse.copy(rule.table, gzipSync(rows.join('\n')));
    await warehouse.close();
    expect(records.length).toBeGreaterThan(100);
  });
});

it('10,000 malformed payloads that pass a rule on to Kinesis are what the tests of the Flink job read', async () => {
  const records = topicRules('weather')
    .filter(({ stream }) => stream === 'readings')
    .flatMap(selectedBy)
    .map((selected) => JSON.stringify(selected));

  expect(records.length).toBeGreaterThan(1000);
  await expect(`${[...new Set(records)].join('\n')}\n`).toMatchFileSnapshot(
    '../../cloud/vectors/malformed.jsonl',
  );
});
