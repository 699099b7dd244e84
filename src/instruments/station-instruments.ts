import type { StationBuses } from '../buses/station-buses.ts';
import type { Log } from '../log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock } from '../time/clock.ts';
import { formatDatetime } from '../weather/message.ts';
import type { Quantity } from '../weather/quantities.ts';
import { Contacts } from './contacts.ts';
import type { ConfiguredInstrument, Interval, Measured, OpenInstrument } from './instrument.ts';
import {
  InstrumentHealth,
  type InstrumentStatus,
  type SensorFault,
  valueOrFault,
} from './instrument-health.ts';

type StationInstrumentsParts = {
  readonly instruments: readonly ConfiguredInstrument[];
  readonly buses: StationBuses;
  readonly clock: Clock;
  readonly log: Log;
  readonly outbox: Pick<Outbox, 'getState' | 'putState'>;
};

/** What one instrument gave for an interval, or why it gave nothing. */
export type Outcome = {
  readonly quantities: readonly Quantity[];
  readonly fault: SensorFault | null;
  /** With a fault: what was counted while the line was not watched throughout, which is no measurement. */
  readonly measured: Measured | null;
};

type Entry = {
  readonly quantities: readonly Quantity[];
  readonly instrument: OpenInstrument;
  readonly health: InstrumentHealth;
};

/** The instruments that are wired to the station, in the order of the configuration. */
export class StationInstruments {
  readonly #entries: readonly Entry[];
  readonly #buses: StationBuses;
  readonly #contacts: Contacts;

  private constructor(entries: readonly Entry[], { buses, clock }: StationInstrumentsParts) {
    this.#entries = entries;
    this.#buses = buses;
    const watched = entries.flatMap(({ instrument: { contact }, health }) =>
      contact === undefined ? [] : [{ contact, health }],
    );
    this.#contacts = new Contacts(buses.edgeSource, clock, watched);
  }

  /** Prepares the instruments; none is read yet. */
  static async open(parts: StationInstrumentsParts): Promise<StationInstruments> {
    const { instruments, buses, clock, log, outbox } = parts;
    const datetime = (): string => formatDatetime(clock.wallMs());
    const entries: Entry[] = [];
    for (const { instrument, config } of instruments) {
      const { key, title } = instrument;
      entries.push({
        quantities: instrument.quantities(config),
        instrument: await instrument.open(config, {
          i2cBus: buses.i2cBus,
          sysfs: buses.sysfs,
          clock,
          log,
          outbox,
        }),
        health: new InstrumentHealth({ name: key, title, log, datetime }),
      });
    }
    return new StationInstruments(entries, parts);
  }

  /** Watches the contacts. Resolves once every line is watched; waits for it without end. */
  watch(): Promise<void> {
    return this.#contacts.watch();
  }

  /** Whether anything is averaged over the interval, and so has to be sampled every second. */
  isSampled(): boolean {
    return this.#entries.some(({ instrument }) => instrument.sample !== undefined);
  }

  /** To be called every second, or at the end of each interval where nothing is sampled: also saves what is counted. */
  async sample(): Promise<void> {
    for (const { instrument, health } of this.#entries) {
      if (instrument.sample !== undefined) await sampleNow(instrument.sample, health);
    }
    for (const { instrument } of this.#entries) void instrument.save?.();
  }

  /**
   * Ends an interval. Pulses are counted last: those of the interval that are still on their way have time to arrive.
   * The outcomes are in the order of the configuration.
   */
  async measure(interval: Interval): Promise<Outcome[]> {
    const outcomes = new Map<Entry, Outcome>();
    for (const entry of this.#entries) {
      if (entry.instrument.contact === undefined) outcomes.set(entry, await measureNow(entry, interval));
    }
    const fault = this.#contacts.endInterval('reading');
    for (const entry of this.#entries) {
      const { instrument } = entry;
      if (instrument.contact !== undefined)
        outcomes.set(entry, await countedIn(entry, () => instrument.measure(interval), fault));
    }
    return this.#entries.flatMap((entry) => outcomes.get(entry) ?? []);
  }

  /** What was counted since the last interim measurement; the reading's own interval goes on. */
  async measureInterim(interval: Interval): Promise<Outcome[]> {
    const fault = this.#contacts.endInterval('interim');
    const outcomes: Outcome[] = [];
    for (const entry of this.#entries) {
      const { instrument } = entry;
      const measured = instrument.measureInterim?.bind(instrument, interval);
      if (measured !== undefined) outcomes.push(await countedIn(entry, measured, fault));
    }
    return outcomes;
  }

  /** What can be measured between two readings. */
  interimQuantities(): ReadonlySet<Quantity> {
    return new Set(
      this.#entries.flatMap(({ instrument, quantities }) =>
        instrument.measureInterim === undefined ? [] : quantities,
      ),
    );
  }

  /** Resolves once everything that is counted is on disk, or could not be written. */
  async save(): Promise<void> {
    await Promise.all(this.#entries.map(({ instrument }) => instrument.save?.()));
  }

  status(): readonly InstrumentStatus[] {
    return this.#entries.map(({ health }) => health.status());
  }

  /** Pulses that the edge source may have missed. */
  suspectedMissedPulses(): number {
    return this.#buses.edgeSource.suspectedMissed();
  }
}

/** A sample without a value shows neither that the instrument works nor that it does not. */
const sampleNow = async (
  sample: NonNullable<OpenInstrument['sample']>,
  health: InstrumentHealth,
): Promise<void> => {
  const attempt = await valueOrFault(sample);
  if ('fault' in attempt) health.noteFault(attempt.fault);
  else if (attempt.value) health.noteSuccess();
};

const measureNow = async (entry: Entry, interval: Interval): Promise<Outcome> => {
  const { instrument, health, quantities } = entry;
  const read = () => instrument.measure(interval);
  const isSampled = instrument.sample !== undefined;
  const attempt = await (isSampled ? valueOrFault(read) : health.attempt(read));
  // Its samples have shown how it is doing, unless all were without a value.
  if (isSampled && 'fault' in attempt && health.status().state !== 'failing') health.noteFault(attempt.fault);
  return 'fault' in attempt
    ? { quantities, fault: attempt.fault, measured: null }
    : { quantities, fault: null, measured: attempt.value };
};

const countedIn = async (
  { quantities }: Entry,
  measure: () => Promise<Measured> | Measured,
  lineFault: SensorFault | null,
): Promise<Outcome> => {
  const attempt = await valueOrFault(measure);
  if ('fault' in attempt) return { quantities, fault: lineFault ?? attempt.fault, measured: null };
  return { quantities, fault: lineFault, measured: attempt.value };
};
