import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AlertRow } from '../../../cloud/contract/rows.ts';
import { mailOf } from '../../../cloud/lambda/alert-mail.ts';
import { parseAlertRecord } from '../../../cloud/lambda/alert-record.ts';
import type { GapMessage, PreAlertMessage } from '../../../src/weather/message.ts';

const { cases }: { cases: { name: string; row: AlertRow; message: string }[] } = JSON.parse(
  readFileSync(new URL('../../../cloud/vectors/mails.json', import.meta.url), 'utf8'),
);

const mailFor = (record: AlertRow | PreAlertMessage | GapMessage) =>
  mailOf(parseAlertRecord(JSON.stringify(record)));

const row = { ...cases[0]?.row } as AlertRow;

const preAlert: PreAlertMessage = {
  deviceid: '1',
  epoch: '01JX',
  seq: 7,
  datetime: '2020-05-20 14:58:28',
  timequality: 'synced',
  rule: 'heat',
  kind: 'limit',
  quantity: 'temperature',
  severity: 'warning',
  transition: 'raised',
  value: 38.5,
  limit: 38,
  unit: '°C',
  minutestolimit: null,
  text: 'temperature 38.5 °C is above 38 °C.',
};

const gap: GapMessage = {
  deviceid: '1',
  epoch: '01JX',
  fromseq: 11,
  toseq: 130,
  count: 120,
  from: '2020-05-20 14:58:28',
  to: '2020-05-20 15:22:16',
  reason: 'full',
};

describe('the mail', () => {
  it.each(cases)('alert: $name', ({ row: alert, message }) => {
    expect(mailFor(alert).message).toBe(message);
  });

  it('says what the station said in a pre-alert', () => {
    expect(mailFor(preAlert)).toEqual({
      key: 'prealert/1/01JX/7',
      subject: 'Weather pre-alert raised: 1, heat',
      message:
        'Weather station "1" at 2020-05-20 14:58:28: warning raised. temperature 38.5 °C is above 38 °C.',
      attributes: {
        kind: 'prealert',
        deviceid: '1',
        severity: 'warning',
        transition: 'raised',
        rule: 'heat',
      },
    });
  });

  it('says which readings a station gave up, with their times where it knows them', () => {
    expect(mailFor(gap).message).toBe(
      'Weather station "1" gave up 120 reading(s), 11 to 130 from 2020-05-20 14:58:28 to 2020-05-20 15:22:16: its store was full.',
    );
    expect(mailFor({ ...gap, from: null, to: null, reason: 'damaged' }).message).toBe(
      'Weather station "1" gave up 120 reading(s), 11 to 130: its store was damaged.',
    );
  });

  it('names a late alert in an attribute, so that a subscription can leave it out', () => {
    expect(mailFor({ ...row, late: true }).attributes).toMatchObject({ kind: 'alert', late: 'true' });
  });

  it('keeps to a subject that SNS takes, whatever the station is called', () => {
    const { subject } = mailFor({ ...row, weatherstationname: `Zürich\n${'x'.repeat(200)}` });

    expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
  });

  it('refuses what is neither alert, pre-alert nor gap', () => {
    expect(() => parseAlertRecord('{"deviceid":"1"}')).toThrow();
    expect(() => parseAlertRecord('not JSON')).toThrow();
    expect(() => parseAlertRecord(JSON.stringify({ ...row, count: 0 }))).toThrow();
  });
});
