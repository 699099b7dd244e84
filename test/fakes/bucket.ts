import { setImmediate as turn } from 'node:timers/promises';
import type { GetRange } from '../../src/remote/bucket.ts';

/** What the bucket does with one request: an answer, or why there is none. */
type Reply = {
  readonly status?: number;
  readonly contentRange?: string | undefined;
  readonly contentLength?: number;
  readonly chunks?: Iterable<Buffer>;
  /** After so many bytes the connection ends with an error. */
  readonly breaksAfter?: number;
};

const CHUNK_BYTES = 16_384;

const chunksOf = (content: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(content.length / CHUNK_BYTES) }, (_, index) =>
    content.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );

/** A bucket with one object, without TLS. It answers as S3 does until a test tells it otherwise. */
export class FakeBucket {
  content: Buffer;
  /** The first byte that each request asked for. */
  readonly asked: number[] = [];
  /** Called with each request; `undefined` is what S3 answers. */
  reply: (from: number, request: number) => Reply | Error | undefined = () => undefined;
  /** Chunks that were taken, and what happens at each. */
  onChunk: (taken: number) => void = () => undefined;
  closed = 0;
  #taken = 0;

  constructor(content: Buffer) {
    this.content = content;
  }

  readonly getRange: GetRange = (_url, from, signal) => {
    signal.throwIfAborted();
    this.asked.push(from);
    const reply = this.reply(from, this.asked.length) ?? {};
    if (reply instanceof Error) return Promise.reject(reply);
    const { length } = this.content;
    const { status = 206, contentLength = length - from, breaksAfter = Number.POSITIVE_INFINITY } = reply;
    const contentRange =
      'contentRange' in reply ? reply.contentRange : `bytes ${from}-${length - 1}/${length}`;
    const chunks = reply.chunks ?? chunksOf(this.content.subarray(from));
    return Promise.resolve({
      status,
      contentRange,
      contentLength,
      body: this.#body(chunks, breaksAfter, signal),
      close: () => {
        this.closed += 1;
      },
    });
  };

  async *#body(chunks: Iterable<Buffer>, breaksAfter: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    let bytes = 0;
    for (const chunk of chunks) {
      await turn();
      signal.throwIfAborted();
      if (bytes >= breaksAfter) throw new Error('read ECONNRESET');
      bytes += chunk.length;
      this.#taken += 1;
      yield chunk;
      this.onChunk(this.#taken);
    }
  }
}
