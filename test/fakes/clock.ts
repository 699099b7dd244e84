import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/time/clock.ts';

export type ManualClock = Clock & {
  /** Moves both clocks on, waking sleepers in the order they fall due; each runs on before the next wakes. */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock alone, as NTP does. */
  stepWall(ms: number): void;
  /** Time passes and wakes nobody, as in a process that is kept from running. */
  stall(ms: number): void;
  sleepers(): number;
  /** Resolves once `count` sleepers wait: how a test lets real input and output finish before it advances. */
  untilSleeping(count?: number): Promise<void>;
  /** Resolves once whoever can run has run: a turn of the event loop in which nobody falls asleep or wakes. */
  untilOnlySleeping(): Promise<void>;
};

export type ManualClockOptions = {
  readonly wallMs?: number;
  readonly monotonicMs?: number;
  /** Jumps to the next sleeper by itself as soon as nothing else is ready to run. */
  readonly isAutomatic?: boolean;
};

type Sleeper = { readonly dueMs: number; readonly wake: () => void };

/** Time that only passes when a test says so, or, when automatic, whenever everyone sleeps. */
export const createManualClock = (options: ManualClockOptions = {}): ManualClock => {
  let monotonicMs = options.monotonicMs ?? 1_000;
  let wallOffsetMs = (options.wallMs ?? Date.UTC(2026, 5, 1)) - monotonicMs;
  let sleepers: Sleeper[] = [];
  let isJumpPlanned = false;

  const nextDue = (): Sleeper | undefined =>
    sleepers.reduce<Sleeper | undefined>(
      (first, sleeper) => (first === undefined || sleeper.dueMs < first.dueMs ? sleeper : first),
      undefined,
    );

  const wake = (sleeper: Sleeper): void => {
    sleepers = sleepers.filter((other) => other !== sleeper);
    monotonicMs = Math.max(monotonicMs, sleeper.dueMs);
    sleeper.wake();
  };

  const planJump = (): void => {
    if (options.isAutomatic !== true || isJumpPlanned) return;
    isJumpPlanned = true;
    setImmediate(() => {
      isJumpPlanned = false;
      const first = nextDue();
      if (first !== undefined) wake(first);
      if (sleepers.length > 0) planJump();
    });
  };

  const advance = async (ms: number): Promise<void> => {
    const untilMs = monotonicMs + ms;
    await turn();
    for (let first = nextDue(); first !== undefined && first.dueMs <= untilMs; first = nextDue()) {
      wake(first);
      await turn();
    }
    monotonicMs = Math.max(monotonicMs, untilMs);
  };

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (ms <= 0) return resolve();
      const onAbort = (): void => {
        sleepers = sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        dueMs: monotonicMs + ms,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      sleepers = [...sleepers, sleeper];
      planJump();
    });

  return {
    wallMs: () => monotonicMs + wallOffsetMs,
    monotonicMs: () => monotonicMs,
    sleep,
    advance,
    stepWall: (ms) => {
      wallOffsetMs += ms;
    },
    stall: (ms) => {
      monotonicMs += ms;
    },
    sleepers: () => sleepers.length,
    untilSleeping: async (count = 1) => {
      while (sleepers.length < count) await turn();
    },
    untilOnlySleeping: async () => {
      let before: readonly Sleeper[];
      do {
        before = sleepers;
        await turn();
      } while (sleepers.length === 0 || sleepers !== before);
    },
  };
};
