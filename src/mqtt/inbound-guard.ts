import process from 'node:process';

/** Nothing but job notices is sent to a station: a few messages at each connection. */
const MAX_MESSAGES = 50;
const WINDOW_MS = 10_000;
/** The SDK collects a packet whole, up to 268 MB, whatever CONNECT announces; its buffer doubles as it grows. */
const MAX_GROWTH_BYTES = 20_000_000;
const LOOK_EVERY_MS = 100;

/** Memory outside the heap of JavaScript: that of the SDK, LevelDB and the program itself. */
const nativeBytes = (): number => {
  const { rss, heapTotal, external } = process.memoryUsage();
  return rss - heapTotal - external;
};

/** Watches what a broker sends: calls back once when it floods the station, which has little memory. */
export class InboundGuard {
  readonly #onFlood: (reason: string) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #startBytes = nativeBytes();
  #windowStartMs = 0;
  #messages = 0;

  constructor(onFlood: (reason: string) => void) {
    this.#onFlood = onFlood;
    this.#timer = setInterval(() => {
      if (nativeBytes() - this.#startBytes > MAX_GROWTH_BYTES)
        this.#flooded('memory grew while it was connected: the broker may be sending a very large message');
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  noteMessage(): void {
    const nowMs = performance.now();
    if (nowMs - this.#windowStartMs > WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#messages = 0;
    }
    this.#messages += 1;
    if (this.#messages > MAX_MESSAGES)
      this.#flooded(`the broker sent more than ${MAX_MESSAGES} messages in ${WINDOW_MS / 1_000} s`);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #flooded(reason: string): void {
    this.stop();
    this.#onFlood(reason);
  }
}
