import type { Edge, EdgeSource } from '../gpio/edge-source.ts';
import type { Outcome } from '../measuring/raw-measurement.ts';
import type { Clock } from '../time/clock.ts';
import type { Anemometer, WindSpeeds } from './anemometer/anemometer.ts';
import type { InstrumentHealth } from './instrument-health.ts';
import type { RainGauge, UnreportedRain } from './rain-gauge/rain-gauge.ts';
import type { SensorFault } from './sensor.ts';

/** A pulse instrument and the BCM number of its line. */
export type PulseInput<Instrument> = {
  readonly gpio: number;
  readonly instrument: Instrument;
  readonly health: InstrumentHealth;
};

export type PulseInputsParts = {
  readonly edgeSource: EdgeSource;
  readonly clock: Clock;
  readonly anemometer: PulseInput<Anemometer> | null;
  readonly rainGauge: PulseInput<RainGauge> | null;
};

export type PulseValues = {
  readonly wind: Outcome<WindSpeeds>;
  readonly rain: Outcome<UnreportedRain>;
};

const notYetWatched: SensorFault = { code: 'not-ready', message: 'the line is not watched yet' };

/**
 * Hands the edges to the instruments that count them. What was counted while the lines were not watched throughout
 * is not a measurement: wind is then unknown, and rain waits for the next reading.
 */
export class PulseInputs {
  readonly #parts: PulseInputsParts;
  #isWatched = false;
  /** What keeps the lines from being watched now. */
  #fault: SensorFault | null = null;
  /** What interrupted the watch in this interval. */
  #interruption: SensorFault | null = null;

  constructor(parts: PulseInputsParts) {
    this.#parts = parts;
  }

  /** Resolves once every line is watched, which may take for ever. */
  async watch(): Promise<void> {
    const { anemometer, rainGauge, edgeSource } = this.#parts;
    const lines = [anemometer, rainGauge].flatMap((input) => (input === null ? [] : [input.gpio]));
    if (lines.length === 0) return;
    await edgeSource.watch(
      lines,
      (edge) => this.#noteEdge(edge),
      (fault) => this.#noteFault(fault),
    );
    this.#isWatched = true;
    this.#beginMeasuring();
  }

  /** Ends the interval at `atMs`. */
  close(atMs: number, intervalMs: number): PulseValues {
    const { anemometer, rainGauge } = this.#parts;
    const fault = this.#interruption ?? (this.#isWatched ? null : notYetWatched);
    this.#interruption = this.#fault;
    const speeds = anemometer?.instrument.close(atMs, intervalMs) ?? null;
    const rain = rainGauge?.instrument.close(atMs) ?? null;
    return {
      wind: anemometer && outcomeOf(speeds, fault),
      rain: rainGauge && outcomeOf(rain, fault),
    };
  }

  #noteEdge({ line, atMs }: Edge): void {
    const { anemometer, rainGauge } = this.#parts;
    if (line === anemometer?.gpio) anemometer.instrument.noteEdge(atMs);
    if (line === rainGauge?.gpio) rainGauge.instrument.noteEdge(atMs);
  }

  #noteFault(error: Error | null): void {
    this.#fault = error && { code: 'bus', message: error.message };
    if (this.#fault === null) {
      if (this.#isWatched) this.#beginMeasuring();
      return;
    }
    this.#interruption = this.#fault;
    for (const health of this.#healths()) health.noteFault(this.#fault);
  }

  #beginMeasuring(): void {
    const { anemometer, clock } = this.#parts;
    anemometer?.instrument.restart(clock.monotonicMs());
    for (const health of this.#healths()) health.noteSuccess();
  }

  #healths(): InstrumentHealth[] {
    const { anemometer, rainGauge } = this.#parts;
    return [anemometer, rainGauge].flatMap((input) => (input === null ? [] : [input.health]));
  }
}

const outcomeOf = <Value>(value: Value | null, fault: SensorFault | null): Outcome<Value> =>
  fault === null && value !== null ? { value } : { fault: fault ?? notYetWatched };
