import { BACKLOG_MAX_BYTES, BACKLOG_MAX_READINGS } from '../weather/message.ts';

const FIRST_BYTES = 16_000;
const LEAST_BYTES = 1_000;

/**
 * How much the next message may carry. Bytes follow the link: doubled by each acknowledgement, halved when none
 * comes, so that a slow link still finishes a message before it counts as stalled. Records follow refusals:
 * a refused batch is halved until the one reading that cannot be sent is found.
 */
export class BatchLimit {
  #maxBytes = FIRST_BYTES;
  /** Of the records at the head, how many were in a batch that was refused as a whole. */
  #suspects = 0;

  maxBytes(): number {
    return this.#maxBytes;
  }

  maxRecords(): number {
    return this.#suspects === 0 ? BACKLOG_MAX_READINGS : Math.max(1, Math.floor(this.#suspects / 2));
  }

  noteAcknowledged(count: number): void {
    this.#suspects = Math.max(0, this.#suspects - count);
    this.#maxBytes = Math.min(BACKLOG_MAX_BYTES, this.#maxBytes * 2);
  }

  noteUnacknowledged(): void {
    this.#maxBytes = Math.max(LEAST_BYTES, Math.floor(this.#maxBytes / 2));
  }

  /** For good, that is. */
  noteRefused(count: number): void {
    this.#suspects = count;
  }

  noteDeadLettered(): void {
    this.#suspects = 0;
  }
}
