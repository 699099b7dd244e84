import type { Instruments } from '../instruments/instruments.ts';
import { VaneSamples } from '../instruments/wind-vane/vane-samples.ts';
import type { StateChanges } from '../outbox/records.ts';
import type { Instant, RawMeasurement } from '../weather/reading.ts';
import { rawMeasurement } from './raw-measurement.ts';

/**
 * Takes one reading on. `state` belongs into the same commit. Resolves with whether it is on disk; rain that was not
 * stored goes with the next reading.
 */
export type Deliver = (raw: RawMeasurement, state: StateChanges) => Promise<boolean>;

export type SamplerIntervalsParts = {
  readonly instruments: Instruments;
  readonly now: () => Instant;
  readonly intervalMs: number;
  /** Between two calls of `sample`. */
  readonly sampleEveryMs: number;
  readonly deliver: Deliver;
};

/** Cuts time into intervals and makes one reading of each. */
export class SamplerIntervals {
  readonly #parts: SamplerIntervalsParts;
  readonly #vane: VaneSamples | null;
  #fromMs: number | null = null;
  #dueMs = 0;

  constructor(parts: SamplerIntervalsParts) {
    this.#parts = parts;
    this.#vane = parts.instruments.windVane && new VaneSamples(parts.instruments.windVane);
  }

  /** One sample of what is sampled; at the end of an interval also its reading. */
  async sample(): Promise<void> {
    const { now, intervalMs, sampleEveryMs, instruments } = this.#parts;
    const at = now();
    if (this.#fromMs === null) {
      this.#fromMs = at.monotonicMs;
      this.#dueMs = at.monotonicMs + intervalMs;
    }
    // A timer may fire a little early.
    const overdueMs = at.monotonicMs + sampleEveryMs / 2 - this.#dueMs;
    if (overdueMs >= 0) {
      this.#dueMs += (Math.floor(overdueMs / intervalMs) + 1) * intervalMs;
      await this.#report(at, at.monotonicMs - this.#fromMs);
      this.#fromMs = at.monotonicMs;
    }
    await this.#vane?.sample();
    void instruments.rainGauge?.instrument.save();
  }

  /** The pulses are counted last: those of the interval that are still on their way have time to arrive. */
  async #report(at: Instant, lengthMs: number): Promise<void> {
    const { bme280, pulseInputs } = this.#parts.instruments;
    const air = bme280 && (await bme280.health.attempt(() => bme280.instrument.read()));
    const direction = this.#vane?.close() ?? null;
    const { wind, rain } = pulseInputs.close(at.monotonicMs, lengthMs);
    const raw = rawMeasurement(at, { air, direction, wind, rain });
    const unreported = rain !== null && 'value' in rain ? rain.value : null;
    const isStored = await this.#parts.deliver(raw, unreported?.state ?? {});
    if (isStored) unreported?.settle();
  }
}
