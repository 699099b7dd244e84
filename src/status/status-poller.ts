import type { DeviceCredentials } from '../certificate/device-credentials.ts';
import type { TimeOf } from '../outbox/gap.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { WriteBudget } from '../store/write-budget.ts';
import type { Clock } from '../time/clock.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';

export type StatusPollerParts = {
  readonly credentials: Pick<DeviceCredentials, 'current'>;
  readonly writeBudget: Pick<WriteBudget, 'look'>;
  readonly clock: Clock;
  readonly outbox: Pick<Outbox, 'oldest'>;
  readonly timeOf: TimeOf;
  readonly timeKeeper: Pick<TimeKeeper, 'now' | 'stampOf'>;
};

export type Polled = {
  /** Age of the oldest waiting reading; `null` when none waits. */
  readonly oldestAgeSeconds: number | null;
  readonly certificateDaysLeft: number | null;
  /** Bytes given to the disk on this UTC day. */
  readonly writtenTodayBytes: number;
};

const LOOK_EVERY_MS = 5_000;
const DAY_MS = 86_400_000;

/** What a status wants to tell and only the disk knows, looked up now and then. */
export class StatusPoller {
  readonly #parts: StatusPollerParts;
  #polled: Polled = { oldestAgeSeconds: null, certificateDaysLeft: null, writtenTodayBytes: 0 };

  constructor(parts: StatusPollerParts) {
    this.#parts = parts;
  }

  current(): Polled {
    return this.#polled;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#polled = {
        oldestAgeSeconds: await this.#oldestAgeSeconds(),
        certificateDaysLeft: this.#certificateDaysLeft(),
        writtenTodayBytes: this.#parts.writeBudget.look().bytesToday,
      };
      await this.#parts.clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    }
  }

  async #oldestAgeSeconds(): Promise<number | null> {
    const { outbox, timeKeeper, timeOf } = this.#parts;
    const oldest = await outbox.oldest('reading');
    const at = oldest === null ? null : timeOf(oldest.body);
    if (at === null) return null;
    const nowMs = timeKeeper.stampOf(timeKeeper.now()).wallMs;
    return Math.max(0, (nowMs - timeKeeper.stampOf(at).wallMs) / 1000);
  }

  /** Of the pair in use, as a person counts days; negative afterwards. */
  #certificateDaysLeft(): number | null {
    const { clock, credentials } = this.#parts;
    const pair = credentials.current();
    return pair === null ? null : Math.floor((pair.validToMs - clock.wallMs()) / DAY_MS);
  }
}
