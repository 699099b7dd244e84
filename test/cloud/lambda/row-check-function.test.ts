import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FirehoseTransformationEvent, FirehoseTransformationResult } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bundleFunction } from '../../../cloud/stack/bundle.ts';

type Handler = (event: Pick<FirehoseTransformationEvent, 'records'>) => Promise<FirehoseTransformationResult>;

const reading = (seq: number, changes: object = {}): object => ({
  deviceid: '1',
  datetime: '2020-05-20 14:58:28',
  temperature: 33.1,
  epoch: 'A',
  seq,
  ...changes,
});

describe('the check of rows as it is deployed', () => {
  let folder: string;
  let handler: Handler;
  const check = async (...texts: string[]) => {
    const { records } = await handler({
      records: texts.map((text, index) => ({
        recordId: String(index),
        approximateArrivalTimestamp: 0,
        data: Buffer.from(text).toString('base64'),
      })),
    });
    return records.map(({ recordId, result, data = '' }) => ({
      recordId,
      result,
      text: Buffer.from(data, 'base64').toString('utf8'),
    }));
  };
  beforeAll(async () => {
    vi.stubEnv('TABLE', 'sensordata');
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT');
    folder = bundleFunction('row-check', 'sql');
    ({ handler } = (await import(join(folder, 'index.mjs'))) as { handler: Handler });
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  it('passes a reading on as it came, and sets aside what is none', async () => {
    const good = `${JSON.stringify(reading(1))}\n`;
    expect(await check(good, '{"deviceid":"1"}\n', 'x')).toEqual([
      { recordId: '0', result: 'Ok', text: good },
      { recordId: '1', result: 'ProcessingFailed', text: '{"deviceid":"1"}\n' },
      { recordId: '2', result: 'ProcessingFailed', text: 'x' },
    ]);
  });

  it('puts what has no column into extra, and fills the columns of optional quantities', async () => {
    const texts = await check(
      `${JSON.stringify(reading(1, { soiltemperature: 11.2, schema: 2 }))}\n`,
      `${JSON.stringify(reading(2, { supplyvoltage: 'low', illuminance: null, firmware: 'x'.repeat(2_000) }))}\n`,
      `${JSON.stringify(reading(3, { extra: { deep: [1] }, wet: true, none: null, huge: 1e307 }))}\n`,
      `${JSON.stringify([reading(4), reading(5, { supplyvoltage: 12.4 })])}\n`,
      `${JSON.stringify(reading(6, { illuminance: 1e301 }))}\n`,
    );
    const rows = texts.flatMap(({ text }) => text.trimEnd().split('\n')).map((line) => JSON.parse(line));

    expect(rows).toEqual([
      reading(1, { soiltemperature: 11.2, extra: { soiltemperature: 11.2, schema: 2 } }),
      // Under the name of a quantity a number counts, and nothing else.
      reading(2, { extra: { firmware: 'x'.repeat(1_024) } }),
      reading(3, { extra: { extra: '{"deep":[1]}', wet: true, none: null, huge: null } }),
      reading(4),
      reading(5, { supplyvoltage: 12.4, extra: { supplyvoltage: 12.4 } }),
      reading(6, { illuminance: null, extra: { illuminance: null } }),
    ]);
  });

  const DEEP = 50_000;
  const deep = `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`;

  it.each([
    [
      'nested deeper than a program can follow',
      `{"deviceid":"1","datetime":"2020-05-20 14:58:28","x":${deep}}`,
    ],
    ['a year that no table has', JSON.stringify(reading(1, { datetime: '0000-05-20 14:58:28' }))],
    ['a text too near to zero for a number', JSON.stringify(reading(1, { temperature: '1e-400' }))],
    ['so many zeros', JSON.stringify(reading(1, { temperature: `0.${'0'.repeat(400)}1` }))],
    ['a whole number in the text of another', JSON.stringify(reading(1, { seq: '1e3' }))],
    ['a whole number with a fraction', JSON.stringify(reading(1, { seq: '5.0' }))],
    ['an id that is no number', '{"deviceid":1e999,"datetime":"2020-05-20 14:58:28"}'],
    ['flags without a name', JSON.stringify(reading(1, { quality: ['stuck'] }))],
    ['flags with parts of their own', JSON.stringify(reading(1, { quality: { humidity: { a: 1 } } }))],
    ['half a character', String.raw`{"deviceid":"1","datetime":"2020-05-20 14:58:28","epoch":"\ud83d"}`],
  ])('sets %s aside, and passes on what comes with it', async (_, text) => {
    const good = `${JSON.stringify(reading(1))}\n`;
    expect(await check(`${text}\n`, good, `[${text},${good}]\n`)).toEqual([
      { recordId: '0', result: 'ProcessingFailed', text: `${text}\n` },
      { recordId: '1', result: 'Ok', text: good },
      { recordId: '2', result: 'Ok', text: good },
    ]);
  });

  it('passes on what it has read, and nothing that another reader could see in it', async () => {
    const time = '"datetime":"2020-05-20 14:58:28"';
    const texts = await check(
      `{"deviceid":"2",${time},"deviceid":"1","epoch":"A","seq":5.0,"temperature":1e-400}\n`,
      `{"deviceid":"1",${time},"epoch":"\\ud83d\\ude00","seq":1e2,"quality":{"humidity":"\\\\u0000"}}\n`,
    );

    expect(texts.map(({ text }) => text)).toEqual([
      `{"deviceid":"1",${time},"epoch":"A","seq":5,"temperature":0}\n`,
      `{"deviceid":"1",${time},"epoch":"😀","seq":100,"quality":{"humidity":"\\\\u0000"}}\n`,
    ]);
  });

  it('bounds what one reading may bring along', async () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key${index}`, index]));
    const [row] = await check(`${JSON.stringify(reading(1, { ...many, __proto__: null }))}\n`);

    expect(Object.keys(JSON.parse(row?.text ?? '').extra)).toHaveLength(64);
  });

  it('takes a batch apart into lines, and leaves out a row that is none', async () => {
    const batch = JSON.stringify([reading(1), reading(2, { temperature: 'hot' }), reading(3)]);
    expect(await check(`${batch}\n`)).toEqual([
      {
        recordId: '0',
        result: 'Ok',
        text: `${JSON.stringify(reading(1))}\n${JSON.stringify(reading(3))}\n`,
      },
    ]);
  });

  it.each(['[]', '[1,"a",null,[]]', '[{"deviceid":"1"}]', '[{', '[{"deviceid":"1"}'])(
    'sets the batch %s aside whole',
    async (text) => {
      expect(await check(text)).toEqual([{ recordId: '0', result: 'ProcessingFailed', text }]);
    },
  );

  it('logs a few of the rows that a batch loses, and counts all of them', async () => {
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'WARN');
    vi.stubEnv('POWERTOOLS_DEV', 'true');
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const loud = (await import(`${join(folder, 'index.mjs')}?loud`)) as { handler: Handler };
    const rows = [reading(1), ...Array.from({ length: 300 }, () => ({ deviceid: '1' }))];

    await loud.handler({
      records: [
        {
          recordId: '0',
          approximateArrivalTimestamp: 0,
          data: Buffer.from(JSON.stringify(rows)).toString('base64'),
        },
      ],
    });

    const lines = warn.mock.calls.map(([line]) => String(line));
    expect(lines.length).toBeLessThan(10);
    expect(lines.some((line) => /"RowsRejected":\s*300\b/.test(line))).toBe(true);
    warn.mockRestore();
  });
});
