import type { z } from 'zod';
import type { Sysfs } from '../buses/station-buses.ts';
import type { QualityConfig } from '../config/quality-schema.ts';
import type { EdgeLevel } from '../gpio/lines.ts';
import type { I2cBus } from '../i2c/i2c-bus.ts';
import type { Log } from '../log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { StateChanges } from '../outbox/records.ts';
import type { PulseTrain } from '../simulation/pulse-train.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { I2cChip } from '../simulation/simulated-i2c-bus.ts';
import type { WeatherModel } from '../simulation/weather-model.ts';
import type { Clock } from '../time/clock.ts';
import type { Quantity } from '../weather/quantities.ts';
import type { QualityFlags, Values } from '../weather/reading.ts';

/**
 * One kind of instrument: everything the program knows of it. The catalogue lists them; sampler, doctor, status, page,
 * configuration and simulation go through the catalogue and name none.
 */
export type Instrument<Key extends string = string, Schema extends z.ZodObject = z.ZodObject> = {
  /** Its key under `sensors` in the configuration; its name in status, metrics and log. */
  readonly key: Key;
  /** Its name for people. */
  readonly title: string;
  /** Its part of the configuration. */
  readonly schema: Schema;
  /** The keys in its part that hold I2C addresses and BCM numbers of lines: no two instruments share one. */
  readonly wiring: Wiring;
  /** The keys in its part that correct what it measures, which may be changed from afar. */
  readonly corrections?: readonly string[];
  /** The name by which a scenario means its chip; none for an instrument without one. */
  readonly chip?: string;
  /** The quantities it measures. */
  quantities(config: z.output<Schema>): readonly Quantity[];
  /** The lockout of its contact, and how soon one closure may follow another. */
  lockout?(config: z.output<Schema>, limits: QualityConfig): Lockout;
  /** Prepares it without a transfer: whether it answers is only known when it is read. */
  open(config: z.output<Schema>, parts: InstrumentParts): Promise<OpenInstrument>;
  /** How `doctor` tests it; an instrument that only counts edges is tested with its line. */
  readonly check?: InstrumentCheck<z.output<Schema>>;
  /** Loads its simulated twin, which the daemon needs with `--simulate` only. */
  simulated(): Promise<SimulatedTwin<z.output<Schema>>>;
};

export type Wiring = { readonly i2cAddresses?: readonly string[]; readonly gpios?: readonly string[] };

type Lockout = {
  readonly ms: number;
  /** Whether the instrument shortens a default that is too long. */
  readonly isDefaultShortened?: true;
  /** The shortest time between two closures, and when that is. */
  readonly shortestMs: number;
  readonly when: string;
};

export type InstrumentParts = {
  readonly i2cBus: I2cBus;
  readonly sysfs: Sysfs;
  readonly clock: Clock;
  readonly log: Log;
  /** Keeps small values across restarts. */
  readonly outbox: Pick<Outbox, 'getState' | 'putState'>;
};

type InstrumentCheck<Config> = {
  readonly name: string;
  /** What to do when it fails, as far as the error does not say it; the wiring of I2C without. */
  readonly remedy?: string;
  /** Resolves with what was found; rejects with what is wrong. */
  run(config: Config, parts: Pick<InstrumentParts, 'i2cBus' | 'sysfs' | 'clock'>): Promise<string>;
};

/** What surrounds a simulated instrument. */
export type Surroundings = {
  readonly scenario: Scenario;
  readonly weatherAt: WeatherModel;
  /** Time since the station started. */
  readonly elapsedSeconds: () => number;
};

/** What a simulated instrument adds to the buses. */
export type SimulatedInstrument = {
  /** By I2C address. */
  readonly chips?: ReadonlyMap<number, I2cChip>;
  /** By BCM number. */
  readonly trains?: ReadonlyMap<number, PulseTrain>;
  /** Texts of files, by their paths below /sys. */
  readonly files?: ReadonlyMap<string, () => string>;
};

export type SimulatedTwin<Config> = {
  simulate(config: Config, surroundings: Surroundings): SimulatedInstrument;
};

/** An instrument of this station, ready to measure. Expected failures are `SensorError`s. */
export type OpenInstrument = {
  /** Ends an interval: what was measured in it, or is measured now. */
  measure(interval: Interval): Promise<Measured> | Measured;
  /** Between two readings: what was counted since the last call, for rules that cannot wait for the reading. */
  measureInterim?(interval: Interval): Measured;
  /** Called every second, for what is averaged over the interval. Whether there was a value to take. */
  sample?(): Promise<boolean>;
  /** The contact whose closures it counts. */
  readonly contact?: Contact;
  /** Writes what is not yet on disk: called with each sample and at the end. Never rejects. */
  save?(): Promise<void>;
};

export type Interval = {
  /** Its end on the monotonic clock. */
  readonly atMs: number;
  readonly lengthMs: number;
};

/** What one instrument gave for one interval; `null` is a value that is unknown for no fault of its own. */
export type Measured = {
  readonly values: Readonly<Partial<Values>>;
  /** Why values are `null` that it could give otherwise: `missing:` and a fault code. */
  readonly faults?: QualityFlags;
  /** What the instrument itself doubts of them. */
  readonly doubts?: QualityFlags;
  /** Written in one commit with the reading. */
  readonly state?: StateChanges;
  /** Called once that commit is on disk. */
  readonly settle?: () => void;
};

/** A contact to ground on a GPIO line with a pull-up. */
export type Contact = {
  /** BCM number. */
  readonly gpio: number;
  /** Takes one edge, bounce included, at a time of the monotonic clock. */
  noteEdge(atMs: number, level: EdgeLevel): void;
  /** Called when the line begins to be watched: what was counted before is no measurement. */
  restart?(atMs: number): void;
};

/** Checks a description against its own schema; the identity otherwise. */
export const defineInstrument = <const Key extends string, Schema extends z.ZodObject>(
  instrument: Instrument<Key, Schema>,
): Instrument<Key, Schema> => instrument;

/** A key that holds several instruments, each under a name of its own. */
export type InstrumentGroup<Schema extends z.ZodRecord = z.ZodRecord> = {
  readonly key: string;
  readonly schema: Schema;
  /** The keys in the part of each that correct what it measures, which may be changed from afar. */
  readonly corrections?: readonly string[];
  members(config: z.output<Schema>): readonly ConfiguredInstrument[];
};

export const isGroup = (entry: Instrument | InstrumentGroup): entry is InstrumentGroup => 'members' in entry;

/** An instrument that the configuration lists, with its part of the configuration. */
export type ConfiguredInstrument = {
  readonly instrument: Instrument;
  readonly config: Readonly<Record<string, unknown>>;
};
