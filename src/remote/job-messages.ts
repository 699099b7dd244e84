import { z } from 'zod';

/** Values of AWS IoT: at most 10 pairs, names of 128 and values of 1,024 characters without control characters. */
export type Details = Readonly<Record<string, string>>;

const MAX_PAIRS = 10;
const MAX_VALUE_LENGTH = 1_024;

const fitValue = (value: string): string => {
  const text = value.replaceAll(/\p{C}+/gu, ' ').trim();
  if (text.length <= MAX_VALUE_LENGTH) return text;
  // No half of a surrogate pair.
  return `${text.slice(0, MAX_VALUE_LENGTH - 1).replace(/\p{Cs}$/u, '')}…`;
};

/** What of these AWS IoT takes: a longer value is cut, an empty one left out. */
export const fitDetails = (details: Readonly<Record<string, string | undefined>>): Details =>
  Object.fromEntries(
    Object.entries(details)
      .map(([name, value = '']) => [name.replaceAll(/[^A-Za-z0-9:_-]/g, '_').slice(0, 128), fitValue(value)])
      .filter(([, value]) => value !== '')
      .slice(0, MAX_PAIRS),
  );

export type Outcome = {
  /** `REJECTED` is never tried again by AWS IoT, `FAILED` may be. */
  readonly status: 'SUCCEEDED' | 'FAILED' | 'REJECTED';
  readonly details: Details;
};

/** Reports a step; resolves with whether AWS IoT has it. */
export type Tell = (details: Details) => Promise<boolean>;

/** A job as a verb sees it. */
export type JobInHand = {
  readonly id: string;
  /** 1, and more where AWS IoT tries it again. */
  readonly executionNumber: number;
  /** The status details it came with: what an earlier run told last. */
  readonly begun: Details;
  readonly tell: Tell;
  /** The connection it came by, which may end while the verb goes on. */
  readonly connection: AbortSignal;
  /** The daemon ends. */
  readonly signal: AbortSignal;
};

const details = z.record(z.string(), z.string());
const version = z.int().min(0);

const executionSchema = z.object({
  jobId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  /** Judged by itself, so that a document nobody understands can be answered. */
  jobDocument: z.unknown(),
  status: z.enum(['QUEUED', 'IN_PROGRESS']),
  versionNumber: version,
  executionNumber: z.int().optional(),
  statusDetails: details.nullish().catch(null),
});

/** One job as this station has it to do. */
export type JobExecution = z.output<typeof executionSchema>;

const executionState = z.object({ status: z.string(), versionNumber: version });

const acceptedSchema = z.object({
  clientToken: z.string(),
  execution: executionSchema.nullish(),
  executionState: executionState.nullish().catch(null),
});

const rejectedSchema = z.object({
  clientToken: z.string(),
  code: z.string().max(128),
  message: z.string().catch(''),
  executionState: executionState.nullish().catch(null),
});

const notificationSchema = z.object({ execution: z.object({ jobId: z.string() }) });

export type JobAnswer =
  | {
      readonly kind: 'accepted';
      /** Of `start-next`: `null` when nothing is to do. */
      readonly execution: JobExecution | null;
      readonly versionNumber: number | null;
    }
  | {
      readonly kind: 'rejected';
      readonly code: string;
      readonly message: string;
      /** Where the execution stands instead. */
      readonly state: z.output<typeof executionState> | null;
    };

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** `undefined` for what is no answer. */
export const parseAnswer = (
  outcome: 'accepted' | 'rejected',
  payload: string,
): { readonly clientToken: string; readonly answer: JobAnswer } | undefined => {
  const json = parseJson(payload);
  if (outcome === 'accepted') {
    const { data } = acceptedSchema.safeParse(json);
    if (data === undefined) return undefined;
    const { clientToken, execution = null, executionState: state } = data;
    return {
      clientToken,
      answer: { kind: 'accepted', execution, versionNumber: state?.versionNumber ?? null },
    };
  }
  const { data } = rejectedSchema.safeParse(json);
  if (data === undefined) return undefined;
  const { clientToken, code, message, executionState: state = null } = data;
  return { clientToken, answer: { kind: 'rejected', code, message, state } };
};

/** Whether a notification says that a job is next. */
export const namesNextJob = (payload: string): boolean =>
  notificationSchema.safeParse(parseJson(payload)).success;
