import type { History } from '../history/history.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Log } from '../log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { RecordId, StateChanges } from '../outbox/records.ts';
import type { PreAlertRunner } from '../pre-alerts/pre-alert-runner.ts';
import type { QualityControl } from '../quality/quality-control.ts';
import { StorageFullError } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';
import type { Uplink } from '../uplink/uplink.ts';
import { type ReadingMessage, readingMessage } from '../weather/message.ts';
import type { Measurement, RawMeasurement } from '../weather/reading.ts';
import type { Progress } from './progress.ts';

type RecorderParts = {
  readonly deviceid: string;
  readonly quality: QualityControl;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly history: Pick<History, 'append'>;
  readonly progress: Pick<Progress, 'noteStored' | 'noteUnstored'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timeKeeper: Pick<TimeKeeper, 'stampOf'>;
  readonly log: Log;
  readonly preAlerts: Pick<PreAlertRunner, 'decide' | 'stateToKeep'>;
  readonly uplink: Pick<Uplink, 'notify'>;
  readonly metrics: Pick<Metrics, 'observeCommit'>;
};

const IN_MEMORY = 'the disk takes nothing; readings are kept in memory and sent from there';

type Latest = { readonly measurement: Measurement; readonly position: RecordId };

/** Stores a reading of every raw measurement, and passes it on to pre-alerts, history and uplink. */
export class Recorder {
  readonly #parts: RecorderParts;
  #latest: Latest | null = null;
  #unstored = 0;
  #isFull = false;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Resolves with whether the reading is on disk. A disk that takes nothing is waited for; anything else is a bug. */
  async deliver(raw: RawMeasurement, state: StateChanges): Promise<boolean> {
    const measurement = this.#parts.quality.check(raw);
    const position = await this.#store(measurement, state);
    // Whether it could be stored or not.
    await this.#parts.preAlerts.decide(measurement);
    if (position === null) return false;
    this.#latest = { measurement, position };
    await this.#parts.history.append(measurement);
    this.#parts.uplink.notify();
    return true;
  }

  /** The newest stored reading as the cloud will see it, dated with what is known of the clock by now. */
  latest(): ReadingMessage | null {
    if (this.#latest === null) return null;
    const { deviceid, timeKeeper } = this.#parts;
    const { measurement, position } = this.#latest;
    return readingMessage({ deviceid, ...position }, measurement, timeKeeper.stampOf(measurement.at));
  }

  latestAgeSeconds(): number | null {
    const at = this.#latest?.measurement.at;
    return at === undefined ? null : (this.#parts.clock.monotonicMs() - at.monotonicMs) / 1000;
  }

  /** Readings that the disk did not take, since start. */
  unstored(): number {
    return this.#unstored;
  }

  async #store(measurement: Measurement, state: StateChanges): Promise<RecordId | null> {
    const { outbox, progress, clock, metrics, preAlerts, log } = this.#parts;
    const startMs = clock.monotonicMs();
    try {
      const appended = await outbox.append('reading', measurement, {
        ...state,
        ...preAlerts.stateToKeep(),
      });
      const { epoch, seq, isStored } = appended;
      if (isStored) {
        metrics.observeCommit((clock.monotonicMs() - startMs) / 1000);
        this.#noteFull(null);
        progress.noteStored();
        log.debug({ epoch, seq }, 'a reading is stored');
      } else this.#noteUnstored(IN_MEMORY);
      return { epoch, seq };
    } catch (error) {
      if (!(error instanceof StorageFullError)) throw error;
      this.#noteUnstored(error.message);
      return null;
    }
  }

  #noteUnstored(reason: string): void {
    this.#unstored += 1;
    this.#noteFull(reason);
    this.#parts.progress.noteUnstored(reason);
  }

  #noteFull(reason: string | null): void {
    const isFull = reason !== null;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    if (isFull) this.#parts.log.error({ reason }, 'readings cannot be stored');
    else this.#parts.log.info({ unstored: this.#unstored }, 'readings are stored again');
  }
}
