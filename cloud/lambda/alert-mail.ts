import type { GapMessage, PreAlertMessage } from '../../src/weather/message.ts';
import type { AlertRow } from '../contract/rows.ts';
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

/** Whole degrees as the post shows them, one decimal where a value has one. */
const degrees = (celsius: number): string => `${Math.round(celsius * 10) / 10}°C`;

const LATE_LINE = '\nReported late: the readings had to wait on their way.';

const alertMail = (row: AlertRow): Mail => {
  const station = row.weatherstationname ?? row.deviceid;
  const sentence =
    `Weather station "${station}" reported ${row.count} alert(s) ` +
    `between ${degrees(row.min_temperature)} and ${degrees(row.max_temperature)} ` +
    `from ${row.first_datetime} to ${row.last_datetime}.`;
  return {
    key: `alert/${row.alertid}`,
    subject: subjectOf(`Weather alert: ${station}`),
    message: row.late ? sentence + LATE_LINE : sentence,
    attributes: {
      kind: 'alert',
      deviceid: row.deviceid,
      station,
      severity: 'alert',
      late: String(row.late),
    },
  };
};

const preAlertMail = (event: PreAlertMessage): Mail => ({
  key: `prealert/${event.deviceid}/${event.epoch}/${event.seq}`,
  subject: subjectOf(`Weather pre-alert ${event.transition}: ${event.deviceid}, ${event.rule}`),
  message: `Weather station "${event.deviceid}" at ${event.datetime}: ${event.severity} ${event.transition}. ${event.text}`,
  attributes: {
    kind: 'prealert',
    deviceid: event.deviceid,
    severity: event.severity,
    transition: event.transition,
    rule: event.rule,
  },
});

const reasons: Readonly<Record<GapMessage['reason'], string>> = {
  full: 'its store was full',
  damaged: 'its store was damaged',
  refused: 'they could never be sent',
};

const gapMail = (gap: GapMessage): Mail => {
  const times = gap.from === null || gap.to === null ? '' : ` from ${gap.from} to ${gap.to}`;
  return {
    key: `gap/${gap.deviceid}/${gap.epoch}/${gap.fromseq}-${gap.toseq}`,
    subject: subjectOf(`Weather readings lost: ${gap.deviceid}`),
    message:
      `Weather station "${gap.deviceid}" gave up ${gap.count} reading(s), ` +
      `${gap.fromseq} to ${gap.toseq}${times}: ${reasons[gap.reason]}.`,
    attributes: { kind: 'gap', deviceid: gap.deviceid, severity: 'warning', reason: gap.reason },
  };
};

export const mailOf = (record: AlertRecord): Mail => {
  switch (record.kind) {
    case 'alert':
      return alertMail(record.row);
    case 'prealert':
      return preAlertMail(record.event);
    case 'gap':
      return gapMail(record.gap);
  }
};
