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

/** What of the manifest of a release is needed before root verifies it. Newer releases may say more. */
const releaseManifest = z.object({
  version: z.string().regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$/),
  /** As `linux-arm64`. */
  architecture: z.string().regex(/^linux-[0-9a-z]+$/),
  nodeAbi: z.int().positive(),
  size: z.int().positive().max(100_000_000),
  unpackedSize: z.int().positive().max(1_000_000_000),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ReleaseManifest = z.output<typeof releaseManifest>;

/** `undefined` for what is no manifest. */
export const parseManifest = (text: string): ReleaseManifest | undefined => {
  try {
    return releaseManifest.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
};

const update = z.strictObject({
  verb: z.literal('update'),
  /** One for each architecture among the stations. */
  releases: z
    .array(
      z.strictObject({
        /** As it was signed, byte for byte. */
        manifest: z
          .string()
          .max(4_096)
          .refine((text) => parseManifest(text) !== undefined, 'no manifest of a release'),
        /** Of OpenSSH. */
        signature: z.string().min(1).max(4_096),
        /** Of the archive, presigned for GET from a bucket of the station's own region. */
        url: z.string().min(1).max(4_096),
      }),
    )
    .min(1)
    .max(2),
});

/** A job document of AWS IoT Jobs. */
export const jobDocument = z.discriminatedUnion('verb', [
  doctor,
  diagnostics,
  restart,
  reboot,
  logLevel,
  update,
]);

export type JobDocument = z.output<typeof jobDocument>;
export type JobVerb = JobDocument['verb'];
export type UpdateDocument = Extract<JobDocument, { readonly verb: 'update' }>;

export const VERBS_IN_WORDS =
  'doctor; diagnostics with url; restart; reboot; log-level with level (debug, info, warn or error) and minutes (1 to 1440); update with releases (manifest, signature and url of each)';

/** The verb of a document, or what is wrong with it in one line. */
export const parseJobDocument = (value: unknown): JobDocument | string => {
  const parsed = jobDocument.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  return `${path === '' ? 'document' : path}: ${issue?.message ?? 'not understood'}`;
};

/** AWS IoT Jobs over MQTT, as the developer guide has it ("Jobs device MQTT and HTTPS APIs"). */
export type JobTopics = {
  readonly startNext: string;
  readonly update: (jobId: string) => string;
  readonly notifyNext: string;
  /** What a station subscribes to. The policy in cloud/stack/devices.ts allows these and no others. */
  readonly filters: readonly string[];
};

export const jobTopicsOf = (thing: string): JobTopics => {
  const jobs = `$aws/things/${thing}/jobs`;
  return {
    startNext: `${jobs}/start-next`,
    update: (jobId) => `${jobs}/${jobId}/update`,
    notifyNext: `${jobs}/notify-next`,
    filters: [`${jobs}/notify-next`, `${jobs}/start-next/+`, `${jobs}/+/update/+`],
  };
};
