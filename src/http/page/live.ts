import type { GatewayStatus } from '../../status/status.ts';

export type LiveParts = {
  readonly onStatus: (status: GatewayStatus) => void;
  /** The daemon does not answer; attempts go on. */
  readonly onLost: () => void;
};

/** A browser gives up for good where the answer is not an event stream, such as a proxy's error page. */
const RETRY_MS = 5_000;
/** Events come every 2 s; a connection that died without a word is noticed by their absence. */
const SILENT_MS = 8_000;

/** The event stream, kept up while the page is looked at. */
export class Live {
  readonly #parts: LiveParts;
  #source: EventSource | null = null;
  #timer = 0;

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  start(): void {
    this.stop();
    const source = new EventSource('api/events');
    this.#source = source;
    this.#expectEvent(SILENT_MS);
    source.addEventListener('status', ({ data }: MessageEvent<string>) => {
      this.#expectEvent(SILENT_MS);
      const status: GatewayStatus = JSON.parse(data);
      this.#parts.onStatus(status);
    });
    source.addEventListener('error', () => {
      this.#parts.onLost();
      if (source.readyState === EventSource.CLOSED) this.#expectEvent(RETRY_MS);
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  #expectEvent(withinMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.#parts.onLost();
      this.start();
    }, withinMs);
  }
}
