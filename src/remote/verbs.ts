import { z } from 'zod';

/** What a job may ask of a station, each verb with what belongs to it. Nothing here names a program, a path or a host. */
const doctor = z.strictObject({ verb: z.literal('doctor') });
const diagnostics = z.strictObject({
  verb: z.literal('diagnostics'),
  /** Presigned for one PUT into a bucket of the station's own region. */
  url: z.string().min(1).max(4_096),
});
const restart = z.strictObject({ verb: z.literal('restart') });
const reboot = z.strictObject({ verb: z.literal('reboot') });
const logLevel = z.strictObject({
  verb: z.literal('log-level'),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  /** Then the configured level is back. */
  minutes: z.int().min(1).max(1_440).default(60),
});

/** A job document of AWS IoT Jobs. */
export const jobDocument = z.discriminatedUnion('verb', [doctor, diagnostics, restart, reboot, logLevel]);

export type JobDocument = z.output<typeof jobDocument>;
export type JobVerb = JobDocument['verb'];

export const VERBS_IN_WORDS =
  'doctor; diagnostics with url; restart; reboot; log-level with level (debug, info, warn or error) and minutes (1 to 1440)';

/** The verb of a document, or what is wrong with it in one line. */
export const parseJobDocument = (value: unknown): JobDocument | string => {
  const parsed = jobDocument.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  return `${path === '' ? 'document' : path}: ${issue?.message ?? 'not understood'}`;
};
