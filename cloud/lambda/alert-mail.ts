import type { GapMessage, PreAlertMessage } from '../../src/weather/message.ts';
import type { AlertRow } from '../contract/rows.ts';
import type { Station } from '../contract/stations.ts';
import type { AlertRecord } from './alert-record.ts';

/** One SNS message. `key` is the same for every repetition of the same event, so that it is sent once. */
export type Mail = {
  readonly key: string;
  /** At most 100 printable ASCII characters (SNS Publish: Subject). */
  readonly subject: string;
  readonly message: string;
  /** What a subscription's filter policy can choose by; never empty strings, which SNS refuses. */
  readonly attributes: Readonly<Record<string, string>>;
};

const subjectOf = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100);

const MAX_TEXT_LENGTH = 300;
/** A search for links takes the square of the length: a minute for the 128 KB of a message. */
const MAX_READ_LENGTH = 1_000;
/** What mail programs make a link of: a scheme, an address, a name with a top level domain, in any script. */
const LINK = /\S*(:\/\/|@|[\p{L}\p{M}\p{N}-]\.\p{L}{2,})\S*/giu;

const inOneLine = (text: string, refused: RegExp): string =>
  text
    .slice(0, MAX_READ_LENGTH)
    .replace(LINK, '[...]')
    .replace(refused, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_TEXT_LENGTH);

/** A station's own words as a mail may show them: one line of plain characters without links or soft hyphens. */
export const plainText = (text: string): string => inOneLine(text, /[^\x20-\x7e\xa0-\xac\xae-\u024f]/g);

/** The operator's name for a station, in whichever script; its id where nothing of it can be shown. */
export const stationName = (deviceid: string, name: string | null | undefined): string =>
  inOneLine(name ?? '', /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu) || plainText(deviceid) || '?';

/** Whole degrees as the post shows them, one decimal where a value has one. */
const degrees = (celsius: number): string => `${Math.round(celsius * 10) / 10}°C`;

const LATE_LINE = 'Reported late: the readings had to wait on their way.';

/** `2020-05-20 14:58:28` UTC as the clocks at the station show it. */
const localTime = (datetime: string, timezone: string): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' }).format(
    new Date(`${datetime.replace(' ', 'T')}Z`),
  );

/** Which clock the times of the sentence are read from, and what the station's own shows. */
const clockLine = (times: readonly string[], station: Station | undefined): string => {
  const timezone = station?.timezone ?? '';
  if (timezone === '' || times.length === 0) return 'Times are UTC.';
  const local = [...new Set(times)].map((datetime) => localTime(datetime, timezone)).join(' to ');
  return `Times are UTC; at the station (${timezone}): ${local}.`;
};

const nameOf = (deviceid: string, station: Station | undefined): string =>
  stationName(deviceid, station?.weatherstationname);

const alertMail = (row: AlertRow, station: Station | undefined): Mail => {
  const name = stationName(row.deviceid, row.weatherstationname);
  const sentence =
    `Weather station "${name}" reported ${row.count} alert(s) ` +
    `between ${degrees(row.min_temperature)} and ${degrees(row.max_temperature)} ` +
    `from ${row.first_datetime} to ${row.last_datetime}.`;
  const times = clockLine([row.first_datetime, row.last_datetime], station);
  return {
    key: `alert/${row.alertid}`,
    subject: subjectOf(`Weather alert: ${name}`),
    message: [sentence, ...(row.late ? [LATE_LINE] : []), times].join('\n'),
    attributes: {
      kind: 'alert',
      deviceid: row.deviceid,
      station: name,
      severity: 'alert',
      late: String(row.late),
    },
  };
};

const preAlertMail = (event: PreAlertMessage, station: Station | undefined): Mail => {
  const name = nameOf(event.deviceid, station);
  const rule = plainText(event.rule) || 'rule';
  return {
    key: `prealert/${event.deviceid}/${event.epoch}/${event.seq}`,
    subject: subjectOf(`Weather pre-alert ${event.transition}: ${name}, ${rule}`),
    message:
      `Weather station "${name}" at ${event.datetime}: ${event.severity} ${event.transition}. ` +
      `${plainText(event.text)}\n${clockLine([event.datetime], station)}`,
    attributes: {
      kind: 'prealert',
      deviceid: event.deviceid,
      station: name,
      severity: event.severity,
      transition: event.transition,
      rule,
    },
  };
};

const reasons: Readonly<Record<GapMessage['reason'], string>> = {
  full: 'its store was full',
  damaged: 'its store was damaged',
  refused: 'they could never be sent',
};

const gapMail = (gap: GapMessage, station: Station | undefined): Mail => {
  const name = nameOf(gap.deviceid, station);
  const times = gap.from === null || gap.to === null ? [] : [gap.from, gap.to];
  const span = times.length === 0 ? '' : ` from ${times.join(' to ')}`;
  return {
    key: `gap/${gap.deviceid}/${gap.epoch}/${gap.fromseq}-${gap.toseq}`,
    subject: subjectOf(`Weather readings lost: ${name}`),
    message:
      `Weather station "${name}" dropped ${gap.count} reading(s), ` +
      `${gap.fromseq} to ${gap.toseq}${span}: ${reasons[gap.reason]}.\n${clockLine(times, station)}`,
    attributes: {
      kind: 'gap',
      deviceid: gap.deviceid,
      station: name,
      severity: 'warning',
      reason: gap.reason,
    },
  };
};

/** `null` for what nobody is mailed for: a reminder of what was mailed already. */
export const mailOf = (record: AlertRecord, station: Station | undefined): Mail | null => {
  switch (record.kind) {
    case 'alert':
      return alertMail(record.row, station);
    case 'prealert':
      return record.event.transition === 'reminder' ? null : preAlertMail(record.event, station);
    case 'gap':
      return gapMail(record.gap, station);
  }
};

/** The last mail of a station in an hour in which it has more to say. */
export const capMail = (deviceid: string, station: Station | undefined, limit: number): Mail => {
  const name = nameOf(deviceid, station);
  return {
    key: `cap/${deviceid}`,
    subject: subjectOf(`Weather mails held back: ${name}`),
    message:
      `Weather station "${name}" caused more than ${limit} mails within this hour. Further ones are held back ` +
      'until the next full hour; the tables have all of them.',
    attributes: { kind: 'cap', deviceid, station: name, severity: 'warning' },
  };
};
