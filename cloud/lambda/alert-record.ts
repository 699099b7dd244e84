import { z } from 'zod';
import type { GapMessage, PreAlertMessage } from '../../src/weather/message.ts';
import type { AlertRow } from '../contract/rows.ts';

/** What may stand on the alerts stream: rows of the Flink job, and the stations' own pre-alerts and gaps. */
export type AlertRecord =
  | { readonly kind: 'alert'; readonly row: AlertRow }
  | { readonly kind: 'prealert'; readonly event: PreAlertMessage }
  | { readonly kind: 'gap'; readonly gap: GapMessage };

/** A time that there is: one that the mail cannot show would fail at every retry. */
const datetime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  .refine((text) => !Number.isNaN(Date.parse(`${text.replace(' ', 'T')}Z`)), 'no time');
const deviceid = z.string().min(1).max(100);

const alertRow = z.object({
  alertid: z.string().min(1).max(256),
  deviceid,
  weatherstationname: z.string().nullable(),
  count: z.int().min(1),
  min_temperature: z.number(),
  max_temperature: z.number(),
  first_datetime: datetime,
  last_datetime: datetime,
  late: z.boolean(),
}) satisfies z.ZodType<AlertRow>;

const preAlert = z.object({
  deviceid,
  epoch: z.string().min(1),
  seq: z.int().min(1),
  datetime,
  timequality: z.enum(['synced', 'corrected', 'estimated']),
  rule: z.string().min(1),
  kind: z.enum(['limit', 'rate', 'trend', 'sensor', 'flood']),
  quantity: z.string(),
  severity: z.enum(['warning', 'alert']),
  transition: z.enum(['raised', 'escalated', 'reminder', 'cleared']),
  value: z.number().nullable(),
  limit: z.number().nullable(),
  unit: z.string(),
  minutestolimit: z.number().nullable(),
  text: z.string(),
}) satisfies z.ZodType<PreAlertMessage>;

const gap = z.object({
  deviceid,
  epoch: z.string().min(1),
  fromseq: z.int().min(1),
  toseq: z.int().min(1),
  count: z.int().min(1),
  from: datetime.nullable(),
  to: datetime.nullable(),
  reason: z.enum(['full', 'damaged', 'refused']),
}) satisfies z.ZodType<GapMessage>;

const envelope = z.object({ lane: z.enum(['prealert', 'gap']), deviceid });

/**
 * `partitionKey` is the station's id: the rule takes it from the topic, the Flink job from its row. Throws when the
 * text is none of the three, or names another station than the key does.
 */
export const parseAlertRecord = (text: string, partitionKey: string): AlertRecord => {
  const value: unknown = JSON.parse(text);
  const record = recordOf(value);
  const named = record.kind === 'alert' ? record.row : record.kind === 'gap' ? record.gap : record.event;
  if (named.deviceid !== partitionKey) {
    throw new Error(`a record of station ${partitionKey} names ${named.deviceid}`);
  }
  return record;
};

const recordOf = (value: unknown): AlertRecord => {
  if (!(typeof value === 'object' && value !== null && 'lane' in value)) {
    return { kind: 'alert', row: alertRow.parse(value) };
  }
  return envelope.parse(value).lane === 'gap'
    ? { kind: 'gap', gap: gap.parse(value) }
    : { kind: 'prealert', event: preAlert.parse(value) };
};
