import { describe, expect, it } from 'vitest';
import { landingTables } from '../../../cloud/sql/landing-tables.ts';
import { topicRules } from '../../../cloud/stack/topic-rules.ts';
import {
  type GapMessage,
  type PreAlertMessage,
  type ReadingMessage,
  type StatusMessage,
  topicsOf,
} from '../../../src/weather/message.ts';
import { parseRule, READINGS, type Reading } from '../../system/stand-ins/rule-sql.ts';
import { preAlert as examplePreAlert } from '../example-pre-alert.ts';

const reading: ReadingMessage = {
  deviceid: '1',
  datetime: '2020-05-11 09:42:05',
  temperature: 33.1,
  humidity: 85.2,
  winddirection: 304,
  windintensity: 75.3,
  rainheight: 0.5588,
  epoch: '01JX',
  seq: 1042,
  windgust: 88.8,
  pressure: 1006.5,
  timequality: 'synced',
  quality: {},
};
const gap: GapMessage = {
  deviceid: '1',
  epoch: '01JX',
  fromseq: 1,
  toseq: 2,
  count: 2,
  from: null,
  to: null,
  reason: 'full',
};
const preAlert: PreAlertMessage = { ...examplePreAlert, text: 'hot' };
const offline: StatusMessage = { deviceid: '1', state: 'offline' };

const rulesOf = (prefix = 'weather') =>
  topicRules(prefix).map((rule) => ({ ...rule, apply: parseRule(rule.sql) }));

/** What each rule makes of one message; a lane that is missing had nothing to do with it. */
const selected = (topic: string, payload: unknown, prefix?: string, way?: Reading) =>
  Object.fromEntries(
    rulesOf(prefix)
      .map(({ lane, apply }) => [
        lane,
        apply({ topic, payload, nowMs: 1_589_190_125_000, ...(way ? { reading: way } : {}) }),
      ])
      .filter(([, value]) => value !== undefined),
  );

const topics = topicsOf('weather', '1');

describe('the topic rules', () => {
  it('pass a reading as it is', () => {
    expect(selected(topics.reading, reading)).toEqual({ reading });
  });

  it('pass a backlog as an array, which Firehose splits', () => {
    const readings = [reading, { ...reading, seq: 1043 }];
    expect(selected(topics.backlog, { readings })).toEqual({ backlog: readings });
    expect(
      topicRules('weather')
        .filter(({ isBatch }) => isBatch)
        .map(({ lane }) => lane),
    ).toEqual(['backlog']);
  });

  it('pass a pre-alert with its lane, to its table and to the mails', () => {
    expect(selected(topics.prealert, preAlert)).toEqual({ prealert: { ...preAlert, lane: 'prealert' } });
    expect(selected(topics.prealert, { ...preAlert, deviceid: '2' })).toEqual({});
    expect(topicRules('weather').find(({ lane }) => lane === 'prealert')).toMatchObject({
      table: 'prealerts',
      stream: 'alerts',
    });
  });

  it('pass gaps with their lane, and status with the time it came', () => {
    expect(selected(topics.gap, gap)).toEqual({ gap: { ...gap, lane: 'gap' } });
    expect(selected(topics.status, offline)).toEqual({
      status: { ...offline, receivedms: 1_589_190_125_000 },
    });
  });

  it('drop what names another station than its topic does', () => {
    expect(selected(topics.reading, { ...reading, deviceid: '2' })).toEqual({});
    expect(selected(topics.reading, { ...reading, deviceid: undefined })).toEqual({});
    expect(selected(topics.backlog, { readings: [reading, { ...reading, deviceid: '2' }] })).toEqual({});
    expect(selected(topics.gap, { ...gap, deviceid: '2' })).toEqual({});
  });

  it.each(READINGS)('refuse a backlog that is not all of the station: $lacking, $object', (way) => {
    const strangers: unknown[] = [
      { deviceid: '2' },
      { readings: [{ deviceid: '2' }, { deviceid: '3' }] },
      'x',
      17,
      null,
      [],
      ['x'],
      [{}],
      [reading, {}],
      [reading, 0],
      [reading, { ...reading, deviceid: '2' }],
      [{ ...reading, deviceid: 1 }],
      [{ ...reading, deviceid: ['1'] }],
      [[reading]],
    ];
    for (const readings of strangers) {
      expect(selected(topics.backlog, { readings }, 'weather', way)).toEqual({});
      expect(selected(topics.backlog, { deviceid: '1', readings }, 'weather', way)).toEqual({});
    }
    expect(selected(topics.backlog, { readings: [reading] }, 'weather', way)).toEqual({ backlog: [reading] });
  });

  it('refuse a message that brings a lane or a time of receipt of its own', () => {
    expect(selected(topics.prealert, { ...preAlert, lane: 'gap' })).toEqual({});
    expect(selected(topics.gap, { ...gap, lane: null })).toEqual({});
    expect(selected(topics.status, { ...offline, receivedms: 1 })).toEqual({});
  });

  it('find the station behind a prefix of several levels', () => {
    expect(selected(topicsOf('uk/weather/v1', '1').reading, reading, 'uk/weather/v1')).toEqual({ reading });
    expect(selected(topics.reading, reading, 'uk/weather/v1')).toEqual({});
  });

  it('deliver every lane of the contract, and only keys that its table has', () => {
    expect(
      topicRules('weather')
        .map(({ lane }) => lane)
        .toSorted(),
    ).toEqual(Object.keys(topics).toSorted());
    const columns = new Set<string>(landingTables.sensordata.columns);
    expect(Object.keys(reading).filter((key) => !columns.has(key))).toEqual([]);
  });
});

describe('the stand-in for rule SQL', () => {
  it('throws on what it does not cover instead of guessing', () => {
    expect(() => parseRule("SELECT * FROM 'a' WHERE x > 1")).toThrow('not understood');
    expect(() => parseRule("SELECT * FROM 'a' WHERE x = 1 OR y = 2")).toThrow('not understood');
    expect(() => parseRule("SELECT cast(x AS Int) AS x FROM 'a'")).toThrow();
    expect(() => parseRule("SELECT md5(x) AS x FROM 'a'")({ topic: 'a', payload: {}, nowMs: 0 })).toThrow(
      'md5',
    );
  });

  it("gives what the documentation's examples give", () => {
    const payload = {
      e: [
        { n: 'temperature', v: 22.5 },
        { n: 'light', v: 135 },
      ],
    };
    const ask = (sql: string) => parseRule(sql)({ topic: 'my/topic', payload, nowMs: 0 });

    expect(ask("SELECT (SELECT VALUE n FROM e) AS sensors FROM 'my/topic'")).toEqual({
      sensors: ['temperature', 'light'],
    });
    expect(ask("SELECT (SELECT v FROM e WHERE n = 'temperature') AS t FROM 'my/topic'")).toEqual({
      t: [{ v: 22.5 }],
    });
    expect(ask("SELECT VALUE e FROM 'my/topic'")).toEqual(payload.e);
  });
});
