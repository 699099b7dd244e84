import { randomUUID } from 'node:crypto';
import type { Incoming, Publisher, SubscribeResult } from '../mqtt/publisher.ts';
import type { Clock } from '../time/clock.ts';
import { failureOf, type RequestFailure } from './inbound-channel.ts';
import { type Details, type JobAnswer, namesNextJob, parseAnswer } from './job-messages.ts';
import { type JobTopics, jobTopicsOf } from './job-topics.ts';

export type JobClientParts = {
  readonly thing: string;
  readonly publisher: Pick<Publisher, 'publish' | 'subscribe'>;
  readonly clock: Clock;
  /** Another job is next. */
  readonly onNext: () => void;
};

export type RequestResult = JobAnswer | RequestFailure;

export type JobUpdate = {
  readonly status: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'REJECTED';
  readonly statusDetails: Details;
  readonly expectedVersion: number;
  readonly executionNumber?: number | undefined;
};

const DEADLINE_MS = 30_000;

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
    const settled = new AbortController();
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
    const late = clock.sleep(DEADLINE_MS, AbortSignal.any([signal, settled.signal])).then(
      (): RequestResult => ({ kind: 'unanswered', reason: `no answer within ${DEADLINE_MS / 1_000} s` }),
      (): RequestResult => ({ kind: 'ended', reason: 'the connection ended' }),
    );
    try {
      return await Promise.race([answered, sent, late]);
    } finally {
      this.#pending.delete(clientToken);
      settled.abort();
    }
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
