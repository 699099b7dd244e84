import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import type { EdgeListener, EdgeSource } from './lines.ts';

/** One attempt at watching lines, in a child process. */
export type WatchSession = {
  /** Resolves once every line is armed. */
  readonly armed: Promise<void>;
  /** Resolves with why it ended. */
  readonly ended: Promise<Error>;
  stop(): void;
};

type RestartingEdgeSourceOptions = {
  readonly timestamps: EdgeSource['timestamps'];
  readonly clock: Clock;
  /** Begins a session; may reject. */
  readonly startSession: (lines: readonly number[], onEdge: EdgeListener) => Promise<WatchSession>;
  readonly suspectedMissed: () => number;
};

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** Begins a new session whenever one ends, at growing intervals, until it is closed. */
export const createRestartingEdgeSource = (options: RestartingEdgeSourceOptions): EdgeSource =>
  new RestartingEdgeSource(options);

type OnFault = (fault: Error | null) => void;

class RestartingEdgeSource implements EdgeSource {
  readonly timestamps: EdgeSource['timestamps'];
  readonly #options: RestartingEdgeSourceOptions;
  readonly #closing = new AbortController();
  #session: WatchSession | null = null;
  #watching: Promise<void> = Promise.resolve();
  #isFaulty = false;

  constructor(options: RestartingEdgeSourceOptions) {
    this.timestamps = options.timestamps;
    this.#options = options;
  }

  watch(lines: readonly number[], onEdge: EdgeListener, onFault: OnFault): Promise<void> {
    return new Promise((resolve, reject) => {
      const onArmed = (): void => {
        if (this.#isFaulty) onFault(null);
        this.#isFaulty = false;
        resolve();
      };
      const attempt = () => this.#watchOnce(() => this.#options.startSession(lines, onEdge), onArmed);
      this.#watching = this.#keepWatching(attempt, onFault).then(() =>
        reject(new Error('the edge source was closed')),
      );
    });
  }

  suspectedMissed(): number {
    return this.#options.suspectedMissed();
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'));
    this.#session?.stop();
    await this.#watching;
  }

  async #keepWatching(attempt: () => Promise<WatchOutcome>, onFault: OnFault): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      const { fault, wasArmed } = await attempt();
      if (signal.aborted) return;
      this.#isFaulty = true;
      onFault(fault);
      pauseMs = wasArmed ? FIRST_PAUSE_MS : Math.min(MAX_PAUSE_MS, pauseMs * 2);
      await pause(clock, pauseMs, signal);
    }
  }

  async #watchOnce(start: () => Promise<WatchSession>, onArmed: () => void): Promise<WatchOutcome> {
    let wasArmed = false;
    try {
      const session = await start();
      this.#session = session;
      if (this.#closing.signal.aborted) session.stop();
      const armed = session.armed.then(() => {
        wasArmed = true;
        onArmed();
      });
      const fault = await Promise.race([session.ended, armed.then(() => session.ended)]);
      return { fault, wasArmed };
    } catch (error) {
      return { fault: asError(error), wasArmed };
    } finally {
      this.#session = null;
    }
  }
}

type WatchOutcome = { readonly fault: Error; readonly wasArmed: boolean };
