import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AlertRow } from '../../../cloud/contract/rows.ts';
import type { Station } from '../../../cloud/contract/stations.ts';
import { type Mail, mailOf, plainText } from '../../../cloud/lambda/alert-mail.ts';
import { parseAlertRecord } from '../../../cloud/lambda/alert-record.ts';
import type { GapMessage, PreAlertMessage } from '../../../src/weather/message.ts';
import { preAlert } from '../example-pre-alert.ts';

const { cases }: { cases: { name: string; row: AlertRow; message: string }[] } = JSON.parse(
  readFileSync(new URL('../../../cloud/vectors/mails.json', import.meta.url), 'utf8'),
);

const worthing: Station = { deviceid: '1', weatherstationname: 'UK-Worthing', timezone: 'Europe/London' };

const mailOrNull = (record: AlertRow | PreAlertMessage | GapMessage, lane?: string, station?: Station) =>
  mailOf(
    parseAlertRecord(JSON.stringify(lane === undefined ? record : { ...record, lane }), record.deviceid),
    station,
  );
const mailFor = (...args: Parameters<typeof mailOrNull>): Mail => {
  const mail = mailOrNull(...args);
  if (mail === null) throw new Error('no mail');
  return mail;
};

const row = { ...cases[0]?.row } as AlertRow;

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
    expect(mailFor(alert).message).toBe(`${message}\nTimes are UTC.`);
  });

  it('says what the station said in a pre-alert', () => {
    expect(mailFor(preAlert, 'prealert', worthing)).toEqual({
      key: 'prealert/1/01JX/7',
      subject: 'Weather pre-alert raised: UK-Worthing, heat',
      message:
        'Weather station "UK-Worthing" at 2020-05-20 14:58:28: warning raised. temperature 38.5 °C is above 38 °C.\n' +
        'Times are UTC; at the station (Europe/London): 2020-05-20 15:58:28.',
      attributes: {
        kind: 'prealert',
        deviceid: '1',
        station: 'UK-Worthing',
        severity: 'warning',
        transition: 'raised',
        rule: 'heat',
      },
    });
  });

  it('says which readings a station dropped, with their times where it knows them', () => {
    expect(mailFor(gap, 'gap').message).toBe(
      'Weather station "1" dropped 120 reading(s), 11 to 130 from 2020-05-20 14:58:28 to 2020-05-20 15:22:16: its store was full.\nTimes are UTC.',
    );
    expect(mailFor({ ...gap, from: null, to: null, reason: 'damaged' }, 'gap').message).toBe(
      'Weather station "1" dropped 120 reading(s), 11 to 130: its store was damaged.\nTimes are UTC.',
    );
  });

  it('names a late alert in an attribute, so that a subscription can leave it out', () => {
    expect(mailFor({ ...row, late: true }).attributes).toMatchObject({ kind: 'alert', late: 'true' });
  });

  it('keeps to a subject that SNS takes, whatever the station is called', () => {
    const { subject } = mailFor({ ...row, weatherstationname: `Zürich\n${'x'.repeat(200)}` });

    expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
  });

  it("shows the station's own clock beside UTC, summer time included", () => {
    const winter = { ...row, first_datetime: '2020-01-20 23:58:28', last_datetime: '2020-01-20 23:59:52' };
    expect(mailFor(row, undefined, worthing).message.split('\n')).toEqual([
      expect.stringMatching(/^Weather station "UK-Worthing" reported .* to 2020-05-20 14:59:52\.$/),
      'Times are UTC; at the station (Europe/London): 2020-05-20 15:58:28 to 2020-05-20 15:59:52.',
    ]);
    expect(mailFor(winter, undefined, { ...worthing, timezone: 'Australia/Adelaide' }).message).toContain(
      'at the station (Australia/Adelaide): 2020-01-21 10:28:28 to 2020-01-21 10:29:52.',
    );
  });

  it('is not sent for a reminder', () => {
    expect(mailOrNull({ ...preAlert, transition: 'reminder' }, 'prealert')).toBeNull();
  });

  it("takes a few plain characters of a station's words, no links, no second line", () => {
    const text =
      'hot\r\n\r\nPay at https://evil.example/x or mail x@evil.example \u202e\u2028 evil.example/y ';
    expect(plainText(text)).toBe('hot Pay at [...] or mail [...] [...]');
    expect(plainText('temperature 38.5 °C is above 38 °C.')).toBe('temperature 38.5 °C is above 38 °C.');
    const { message } = mailFor({ ...preAlert, text: 'x'.repeat(5000), rule: 'a\nb' }, 'prealert');
    expect(message.length).toBeLessThan(500);
    expect(message.split('\n').length).toBe(2);
  });

  it.each(['a', 'a.', '@', '\u200b'])('is made at once of a message that is full of %j', (text) => {
    const startMs = performance.now();
    const { message } = mailFor({ ...preAlert, text: text.repeat(120_000 / text.length) }, 'prealert');

    // All mails wait meanwhile, and the function has a fourteenth of a core.
    expect(performance.now() - startMs).toBeLessThan(500);
    expect(message.length).toBeLessThan(500);
  });

  it('takes no link in another script, and none behind what no one sees', () => {
    for (const link of ['examplé.com', 'bücher.de', 'пример.рф', 'evil.com', 'x@evil'])
      expect(plainText(`at ${link} now`)).toBe('at [...] now');
    expect(plainText('evil\u00ad.com')).toBe('evil .com');
    expect(plainText('evil\u200b.com')).toBe('evil .com');
  });

  it.each(['東京', 'Αθήνα 2', 'St. Ives', 'Zürich/Süd'])('shows the name %s of a station', (name) => {
    const { message, attributes } = mailFor({ ...row, weatherstationname: name });
    expect(message).toContain(`Weather station "${name}" reported`);
    expect(attributes).toMatchObject({ station: name });
    expect(mailFor(gap, 'gap', { ...worthing, weatherstationname: name }).attributes).toMatchObject({
      station: name,
    });
  });

  it('never has an attribute without a value, which SNS refuses', () => {
    const { attributes } = mailFor({ ...row, weatherstationname: '\u200b' });
    expect(attributes).toMatchObject({ station: row.deviceid });
  });

  it.each(['2020-13-01 00:00:00', '9999-99-99 99:99:99', '2020-05-20 24:61:00'])(
    'sets aside at once what happened at %s',
    (datetime) => {
      const text = JSON.stringify({ ...preAlert, datetime, lane: 'prealert' });
      expect(() => parseAlertRecord(text, '1')).toThrow('no time');
      expect(() => parseAlertRecord(JSON.stringify({ ...gap, from: datetime, lane: 'gap' }), '1')).toThrow(
        'no time',
      );
    },
  );

  it('refuses what is neither alert, pre-alert nor gap', () => {
    for (const text of ['{"deviceid":"1"}', 'not JSON', '[]', 'null', JSON.stringify({ ...row, count: 0 })]) {
      expect(() => parseAlertRecord(text, '1')).toThrow();
    }
  });

  it('never takes what a station says for a row of the job, nor one station for another', () => {
    const of =
      (record: object, key = '1') =>
      () =>
        parseAlertRecord(JSON.stringify(record), key);
    expect(of({ ...row, lane: 'prealert' })).toThrow();
    expect(of({ ...row, lane: 'gap' })).toThrow();
    expect(of({ ...row, lane: 'alert' })).toThrow();
    expect(of({ ...preAlert, ...row, lane: 'prealert' })()).toMatchObject({ kind: 'prealert' });
    expect(of(preAlert)).toThrow();
    expect(of({ ...preAlert, lane: 'prealert' }, '2')).toThrow('a record of station 2 names 1');
    expect(of(row, '2')).toThrow('a record of station 2 names 1');
  });
});
