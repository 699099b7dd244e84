import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Incoming, Publisher, SubscribeResult } from '../mqtt/publisher.ts';
import type { Clock } from '../time/clock.ts';
import { parseJson } from '../weather/format.ts';
import { answerInTime, failureOf, type RequestFailure } from './inbound-channel.ts';
import { type JobTopics, jobTopicsOf } from './verbs.ts';

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
  /** A job that was deleted and made again under its name has another. */
  queuedAt: z.number().optional().catch(undefined),
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

type JobAnswer =
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

/** `undefined` for what is no answer. */
const parseAnswer = (
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
const namesNextJob = (payload: string): boolean => notificationSchema.safeParse(parseJson(payload)).success;

type JobClientParts = {
  readonly thing: string;
  readonly publisher: Pick<Publisher, 'publish' | 'subscribe'>;
  readonly clock: Clock;
  /** Another job is next. */
  readonly onNext: () => void;
};

type RequestResult = JobAnswer | RequestFailure;

export type JobUpdate = {
  readonly status: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'REJECTED';
  readonly statusDetails: Details;
  readonly expectedVersion: number;
  readonly executionNumber?: number | undefined;
};

type Pending = { readonly topic: string; readonly resolve: (answer: JobAnswer) => void };

/**
 * Asks AWS IoT Jobs. Written by hand: the request client of the SDK never settles a request whose connection is closed
 * while one of its streams is open. Here every request settles, by its answer, its deadline or the signal; an answer
 * that comes twice, late, for another thing or without sense is left alone.
 */
export class JobClient {
  readonly #parts: JobClientParts;
  readonly #topics: JobTopics;
  readonly #pending = new Map<string, Pending>();
  #receivedBytes = 0;

  constructor(parts: JobClientParts) {
    this.#parts = parts;
    this.#topics = jobTopicsOf(parts.thing);
  }

  subscribe(): Promise<SubscribeResult> {
    return this.#parts.publisher.subscribe(this.#topics.filters, (message) => this.#receive(message));
  }

  startNext(signal: AbortSignal): Promise<RequestResult> {
    return this.#request(this.#topics.startNext, {}, signal);
  }

  update(jobId: string, update: JobUpdate, signal: AbortSignal): Promise<RequestResult> {
    return this.#request(this.#topics.update(jobId), { ...update, includeJobExecutionState: true }, signal);
  }

  /** Bytes that came in since the last call. */
  takeReceivedBytes(): number {
    const bytes = this.#receivedBytes;
    this.#receivedBytes = 0;
    return bytes;
  }

  async #request(topic: string, body: object, signal: AbortSignal): Promise<RequestResult> {
    const { publisher, clock } = this.#parts;
    const clientToken = randomUUID();
    // An answer may be here before the PUBACK.
    const answered = new Promise<RequestResult>((resolve) =>
      this.#pending.set(clientToken, { topic, resolve }),
    );
    const sent = publisher
      .publish(topic, JSON.stringify({ ...body, clientToken }))
      .then((result): Promise<RequestResult> | RequestResult => {
        if (result.kind === 'acknowledged') return answered;
        return failureOf(result);
      });
    const work = Promise.race([answered, sent]);
    return await answerInTime(work, 'answer', clock, signal).finally(() => this.#pending.delete(clientToken));
  }

  #receive({ topic, payload }: Incoming): void {
    this.#receivedBytes += Buffer.byteLength(payload);
    if (topic === this.#topics.notifyNext) {
      if (namesNextJob(payload)) this.#parts.onNext();
      return;
    }
    const [, asked, outcome] = /^(.*)\/(accepted|rejected)$/.exec(topic) ?? [];
    if (outcome !== 'accepted' && outcome !== 'rejected') return;
    const parsed = parseAnswer(outcome, payload);
    const pending = parsed && this.#pending.get(parsed.clientToken);
    if (parsed === undefined || pending?.topic !== asked) return;
    this.#pending.delete(parsed.clientToken);
    pending?.resolve(parsed.answer);
  }
}
