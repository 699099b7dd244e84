import { z } from 'zod';
import type { GapMessage, PreAlertMessage } from '../../src/weather/message.ts';
import type { AlertRow } from '../contract/rows.ts';

/** What may stand on the alerts stream: rows of the Flink job, and the stations' own pre-alerts and gaps. */
export type AlertRecord =
  | { readonly kind: 'alert'; readonly row: AlertRow }
  | { readonly kind: 'prealert'; readonly event: PreAlertMessage }
  | { readonly kind: 'gap'; readonly gap: GapMessage };

const datetime = z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
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

const alertRecord: z.ZodType<AlertRecord> = z.union([
  alertRow.transform((row) => ({ kind: 'alert' as const, row })),
  preAlert.transform((event) => ({ kind: 'prealert' as const, event })),
  gap.transform((value) => ({ kind: 'gap' as const, gap: value })),
]);

/** Throws when the text is none of the three: the event source mapping then puts the record aside in S3. */
export const parseAlertRecord = (text: string): AlertRecord => alertRecord.parse(JSON.parse(text));
