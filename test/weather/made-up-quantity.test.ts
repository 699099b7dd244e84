import { describe, expect, it } from 'vitest';
import { shownStatus, statusText } from '../../src/commands/status.ts';
import { qualitySchema, qualitySchemaOf } from '../../src/config/quality-schema.ts';
import { openHistory } from '../../src/history/history.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { chartDefinitionsOf, isCharted } from '../../src/http/page/chart-definitions.ts';
import { cardTexts } from '../../src/http/page/optional-cards.ts';
import { createQualityControl } from '../../src/quality/quality-control.ts';
import { readingBodySchema } from '../../src/uplink/outgoing.ts';
import { unitFormat } from '../../src/weather/display-units.ts';
import { readingMessage } from '../../src/weather/message.ts';
import { perStandardQuantity } from '../../src/weather/quantities.ts';
import type { Instant, Measurement } from '../../src/weather/reading.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { snowdepth, tableWithSnow, withSnow } from '../fakes/made-up-quantity.ts';
import { instantAt, measurementAt, mildValues } from '../fakes/measurements.ts';
import { createFakeDisk } from '../fakes/store.ts';

const metric = unitFormat('metric');
const identity = { deviceid: '1', epoch: '01JX', seq: 7 };
const stamp = { wallMs: instantAt(12).wallMs, timequality: 'synced' } as const;
const deep: Measurement = { ...measurementAt(12), values: withSnow(mildValues, 42.26) };

/** Of a station that measures snow, and of one that does not. */
const messageOf = (measurement: Measurement) => readingMessage(identity, measurement, stamp, tableWithSnow);

const historyOf = async (measurements: readonly Measurement[]) => {
  const history = await openHistory({
    store: createFakeDisk().open(),
    stampOf: ({ wallMs }: Instant) => ({ wallMs, timequality: 'synced' }),
    wallMs: () => instantAt(60).wallMs,
    intervalMs: 12_000,
    log: createRecordingLog(),
    quantityTable: tableWithSnow,
  });
  for (const measurement of measurements) await history.append(measurement);
  return history;
};

describe('a quantity that is one more record of the table', () => {
  it('is not among those that every reading has', () => {
    expect(Object.keys(perStandardQuantity(() => 0, tableWithSnow))).toEqual(Object.keys(mildValues));
  });

  it('stands in the message, after the keys of the contract', () => {
    expect(JSON.stringify(messageOf(deep))).toMatch(/"quality":\{\},"snowdepth":42\.3\}$/);
  });

  it('is stored with the reading', () => {
    const stored = readingBodySchema.parse(JSON.parse(JSON.stringify(deep)));

    expect(messageOf(stored)).toEqual(messageOf(deep));
  });

  it('is judged by its limits, which can be configured', () => {
    const limits = qualitySchemaOf(tableWithSnow).parse({ snowdepth: { maxCentimetres: 100 } });
    const control = createQualityControl({ limits, intervalMs: 12_000, quantityTable: tableWithSnow });
    const judge = (seconds: number, depthCm: number) =>
      control.check({ at: instantAt(seconds), values: withSnow(mildValues, depthCm), faults: {} });

    expect(judge(0, 42).quality[snowdepth]).toBeUndefined();
    expect(judge(12, 43).quality[snowdepth]).toBeUndefined();
    expect(judge(24, 49).quality[snowdepth]).toBe('suspect:step');
    expect(judge(36, 101).quality[snowdepth]).toBe('failed:range');
    expect(judge(36, 101).values[snowdepth]).toBeNull();
    expect(qualitySchemaOf(tableWithSnow).safeParse({ snowdepth: { maxMetres: 1 } }).success).toBe(false);
  });

  it('is kept by the history and combined as the table says', async () => {
    const history = await historyOf(
      [41, 43, 42].map((depthCm, index) => ({
        ...measurementAt(index * 12),
        values: withSnow(mildValues, depthCm),
      })),
    );

    expect((await history.query(60)).values[snowdepth]).toEqual([41, 43, 42]);
    expect((await history.query(60 * 24 * 7)).values[snowdepth]?.at(-1)).toBe(43);
    expect((await history.recent(60_000)).at(-1)?.values[snowdepth]).toBe(42);
  });

  it('has its chart', async () => {
    const series = await (await historyOf([deep])).query(60);
    const titles = chartDefinitionsOf(tableWithSnow).filter((each) => isCharted(each, series));

    expect(titles.map(({ title, unit }) => `${title} ${unit}`).at(-1)).toBe('Snow depth cm');
  });

  it('has its card, with what is the matter', () => {
    const stuck = messageOf({ ...deep, quality: { [snowdepth]: 'suspect:stuck' } });

    expect(cardTexts(stuck, metric, tableWithSnow)).toEqual([
      {
        quantity: 'snowdepth',
        name: 'Snow depth',
        unit: 'cm',
        colour: expect.stringMatching(/^--optional-\d$/),
        value: '42',
        flag: 'suspect: stuck',
      },
    ]);
  });

  it('has its metric, and stands in the status', async () => {
    const status = createGatewayStatus({ latest: messageOf(deep) });
    const { text } = await createMetrics(() => status, tableWithSnow).render();
    const shown = statusText(shownStatus.parse(status), (_tone, plain) => plain, { table: tableWithSnow });

    expect(text).toMatch(/^weather_snow_depth_meters 0\.423$/m);
    expect(shown).toContain(' · snow depth 42 cm');
  });

  it('says why it has no value', () => {
    const broken: Measurement = {
      ...deep,
      values: withSnow(mildValues, null),
      quality: { [snowdepth]: 'missing:no-answer' },
    };

    expect(JSON.stringify(messageOf(broken))).toMatch(
      /"quality":\{"snowdepth":"missing:no-answer"\},"snowdepth":null\}$/,
    );
  });
});

describe('an optional quantity that nothing measures', () => {
  const measurement = measurementAt(12);

  it('has no key in the message', () => {
    expect(JSON.stringify(messageOf(measurement))).toBe(
      JSON.stringify(readingMessage(identity, measurement, stamp)),
    );
  });

  it('gets no value from quality control', () => {
    const control = createQualityControl({
      limits: qualitySchema.parse({}),
      intervalMs: 12_000,
      quantityTable: tableWithSnow,
    });

    expect(control.check({ ...measurement, faults: {} })).toEqual(measurement);
  });

  it('has neither chart nor column', async () => {
    const series = await (await historyOf([measurement])).query(60);
    const titles = chartDefinitionsOf(tableWithSnow).filter((each) => isCharted(each, series));

    expect(Object.keys(series.values)).not.toContain('snowdepth');
    expect(titles.map(({ title }) => title)).toEqual([
      'Temperature',
      'Humidity',
      'Wind and gusts',
      'Wind direction',
      'Rain, added up',
      'Pressure',
    ]);
  });

  it('has no card', () => {
    expect(cardTexts(messageOf(measurement), metric, tableWithSnow)).toEqual([]);
    expect(cardTexts(null, metric, tableWithSnow)).toEqual([]);
  });

  it('has no metric, also after it was measured', async () => {
    let latest = messageOf(measurement);
    const metrics = createMetrics(() => createGatewayStatus({ latest }), tableWithSnow);

    expect((await metrics.render()).text).not.toContain('snow');
    latest = messageOf(deep);
    expect((await metrics.render()).text).toContain('\nweather_snow_depth_meters ');
    latest = messageOf(measurement);
    expect((await metrics.render()).text).not.toContain('snow');
  });
});
