import type { History } from '../history/history.ts';
import type { Log } from '../log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { RecordId, StateChanges } from '../outbox/records.ts';
import type { QualityControl } from '../quality/quality-control.ts';
import { StorageFullError } from '../store/store.ts';
import { type ReadingMessage, readingMessage } from '../weather/message.ts';
import type { Measurement, RawMeasurement, Stamp } from '../weather/reading.ts';
import type { Progress } from './progress.ts';

export type RecorderParts = {
  readonly deviceid: string;
  readonly quality: QualityControl;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly history: Pick<History, 'append'>;
  readonly progress: Pick<Progress, 'noteStored' | 'noteUnstored'>;
  readonly monotonicMs: () => number;
  readonly stampOf: (measurement: Measurement) => Stamp;
  readonly log: Log;
  /** Goes into the same commit as the reading. */
  readonly stateToKeep: () => StateChanges;
  /** Decides pre-alerts, whether the reading could be stored or not. */
  readonly decide: (measurement: Measurement) => Promise<void>;
  /** Something new waits to be sent. */
  readonly onStored: () => void;
  readonly observeCommit: (seconds: number) => void;
};

type Latest = { readonly measurement: Measurement; readonly position: RecordId };

/** Makes of every raw measurement a reading on disk, and lets follow what follows from it. */
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
    await this.#parts.decide(measurement);
    if (position === null) return false;
    this.#latest = { measurement, position };
    await this.#parts.history.append(measurement);
    this.#parts.onStored();
    return true;
  }

  /** The newest stored reading as the cloud will see it, dated with what is known of the clock by now. */
  latest(): ReadingMessage | null {
    if (this.#latest === null) return null;
    const { deviceid, stampOf } = this.#parts;
    const { measurement, position } = this.#latest;
    return readingMessage({ deviceid, ...position }, measurement, stampOf(measurement));
  }

  latestAgeSeconds(): number | null {
    const at = this.#latest?.measurement.at;
    return at === undefined ? null : (this.#parts.monotonicMs() - at.monotonicMs) / 1000;
  }

  /** Readings that the disk did not take, since start. */
  unstored(): number {
    return this.#unstored;
  }

  async #store(measurement: Measurement, state: StateChanges): Promise<RecordId | null> {
    const { outbox, progress, monotonicMs, observeCommit, stateToKeep, log } = this.#parts;
    const startMs = monotonicMs();
    try {
      const position = await outbox.append('reading', measurement, { ...state, ...stateToKeep() });
      observeCommit((monotonicMs() - startMs) / 1000);
      this.#noteFull(null);
      progress.noteStored();
      log.debug({ ...position }, 'a reading is stored');
      return position;
    } catch (error) {
      if (!(error instanceof StorageFullError)) throw error;
      this.#unstored += 1;
      this.#noteFull(error.message);
      progress.noteUnstored(error.message);
      return null;
    }
  }

  #noteFull(reason: string | null): void {
    const isFull = reason !== null;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    if (isFull) this.#parts.log.error({ reason }, 'readings cannot be stored');
    else this.#parts.log.info({ unstored: this.#unstored }, 'readings are stored again');
  }
}
