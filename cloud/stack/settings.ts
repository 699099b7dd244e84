import type { Node } from 'constructs';
import { z } from 'zod';
import { type Profile, profileNames, profiles } from './profiles.ts';

/** `-c key=value` comes as text, `cdk.json` has numbers and booleans. */
const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const yesOrNo = z
  .union([z.boolean(), z.enum(['true', 'false'])])
  .transform((value) => value === true || value === 'true');

const schema = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
  profile: z.enum(profileNames).default('lake'),
  stations: wholeNumber(1, 10_000_000).default(5),
  intervalSeconds: wholeNumber(1, 3600).default(12),
  topicPrefix: z
    .string()
    .regex(/^[^+#/$\s]+(\/[^+#/\s]+){0,2}$/)
    .default('weather'),
  analytics: yesOrNo.optional(),
  warehouse: z.enum(['serverless', 'provisioned', 'athena', 'none']).optional(),
  /** How long Firehose gathers before it loads, s; 60 to 900 are AWS's limits. */
  bufferSeconds: wholeNumber(60, 900).optional(),
  /** The same, MB; it loads when either is reached. */
  bufferMegabytes: wholeNumber(1, 128).optional(),
  /** `reporting.sendSeconds` of the stations. */
  sendSeconds: wholeNumber(0, 86_400).optional(),
  /** US dollars a month at which AWS warns the operator. */
  monthlyBudget: z.coerce.number().min(1).max(10_000_000).optional(),
  streamRetentionHours: wholeNumber(24, 8760).default(24),
  /** RPU-hours a day after which Redshift Serverless stops answering until the next day. */
  warehouseDailyLimit: wholeNumber(1, 100_000).optional(),
  /** Who gets the alert mails and who the alarms; each has to confirm the subscription. */
  alertEmail: z.email().optional(),
  operatorEmail: z.email().optional(),
  /** Path of the Flink job; without it the one that Maven built. */
  analyticsJar: z.string().min(1).optional(),
});

export type Settings = Omit<z.output<typeof schema>, keyof Profile> & Profile;

/** Throws with every problem when a setting is unknown, misspelt in value or out of range. */
export const readSettings = (node: Node, defaultRegion: string): Settings => {
  const given = Object.keys(schema.shape)
    .map((key) => [key, node.tryGetContext(key)])
    .filter(([, value]) => value !== undefined);
  const parsed = schema.safeParse({ region: defaultRegion, ...Object.fromEntries(given) });
  if (!parsed.success) throw new Error(`cloud settings (-c key=value):\n${z.prettifyError(parsed.error)}`);
  const { data } = parsed;
  const profile = profiles[data.profile];
  return {
    ...data,
    about: profile.about,
    analytics: data.analytics ?? profile.analytics,
    warehouse: data.warehouse ?? profile.warehouse,
    bufferSeconds: data.bufferSeconds ?? profile.bufferSeconds,
    bufferMegabytes: data.bufferMegabytes ?? profile.bufferMegabytes,
    sendSeconds: data.sendSeconds ?? profile.sendSeconds,
  };
};
