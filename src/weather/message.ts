import { type Quantity, type QuantityTable, quantitiesOf, quantityTable } from './quantities.ts';
import type { Measurement, QualityFlags, Stamp, TimeQuality, Values } from './reading.ts';

/** What a station id may be: thing name, MQTT client id and one level of a topic at once; the averages take 100 characters. */
export const STATION_ID = /^[A-Za-z0-9:_-]{1,100}$/;
export const STATION_ID_IN_WORDS = '1 to 100 letters, digits, :, _ or -';

/** What AWS IoT Core takes, bytes of UTF-8. */
export const TOPIC_MAX_BYTES = 256;

/** Most readings in one backlog message (contract: Messages). */
export const BACKLOG_MAX_READINGS = 500;
/** Most bytes in one backlog message; AWS IoT Core takes 128 KiB (contract: Messages). */
export const BACKLOG_MAX_BYTES = 120_000;

/**
 * With the first reading of an epoch, or the gap that begins with it: the newest reading that the station stored
 * before. Whatever is missing of that epoch up to there is lost.
 */
type PreviousReading = { readonly previousepoch?: string; readonly previousseq?: number };

/** One reading as the cloud receives it; `(deviceid, epoch, seq)` names it, and no other ever. */
export type ReadingMessage = { readonly deviceid: string; readonly datetime: string } & Values & {
    readonly epoch: string;
    readonly seq: number;
    readonly timequality: TimeQuality;
    readonly quality: QualityFlags;
  } & PreviousReading;

/** Readings that were given up. `from` and `to` are datetimes, `null` where nobody knows them any more. */
export type GapMessage = {
  readonly deviceid: string;
  readonly epoch: string;
  readonly fromseq: number;
  readonly toseq: number;
  readonly count: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: GapReason;
} & PreviousReading;

/** `full`: evicted to keep the bound · `damaged`: lost with a damaged store · `refused`: set aside, never sendable. */
type GapReason = 'full' | 'damaged' | 'refused';

export type PreAlertTransition = 'raised' | 'escalated' | 'reminder' | 'cleared';

/** One pre-alert event. `(deviceid, epoch, seq)` names it, `seq` counting the alert lane. */
export type PreAlertMessage = {
  readonly deviceid: string;
  readonly epoch: string;
  readonly seq: number;
  readonly datetime: string;
  readonly timequality: TimeQuality;
  readonly rule: string;
  readonly kind: 'limit' | 'rate' | 'trend' | 'sensor' | 'flood';
  readonly quantity: string;
  readonly severity: 'warning' | 'alert';
  readonly transition: PreAlertTransition;
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: string;
  /** Minutes until the limit is reached; only `trend` knows it. */
  readonly minutestolimit: number | null;
  /** One sentence for a person. */
  readonly text: string;
};

export type StatusMessage =
  | { readonly deviceid: string; readonly state: 'offline' }
  | {
      readonly deviceid: string;
      readonly state: 'online';
      readonly datetime: string;
      readonly epoch: string;
      readonly version: string;
      readonly waiting: number;
      /** What hinders the link, for a person; absent when nothing does. */
      readonly problem?: string;
    };

/** The will, published by the broker once the station is gone. */
export const offlineStatus = (deviceid: string): StatusMessage => ({ deviceid, state: 'offline' });

/** Of the message about the station's health. A key may be added without a new one. */
export const HEALTH_SCHEMA = 1;

/**
 * How the station is. Keys and values of the inner objects are texts, so that a table of any kind holds them; keys that
 * the machine has nothing to say to are absent.
 */
export type HealthMessage = {
  readonly deviceid: string;
  readonly schema: typeof HEALTH_SCHEMA;
  readonly datetime: string;
  readonly timequality: TimeQuality;
  readonly epoch: string;
  readonly version: string;
  /** Of the daemon, s. */
  readonly uptime: number;
  readonly waiting: number;
  /** Readings that could not be stored, since start. */
  readonly unstored: number;
  /** The state of each: `waiting`, `ok`, `failing`. */
  readonly instruments: Readonly<Record<string, string>>;
  /** How many are failing. */
  readonly failing: number;
  /** The last fault of each since start, with its time. */
  readonly faults: Readonly<Record<string, string>>;
  /** Flags of the newest reading that are not good. */
  readonly doubted: Readonly<Record<string, string>>;
  readonly lostpulses: number;
  /** What happened to a store that was not whole at start. */
  readonly store: string | null;
  readonly uncleanshutdowns: number;
  readonly boots: number;
  readonly clocksteps: number;
  readonly certificatedays: number | null;
  /** Bytes given to the disk on this UTC day. */
  readonly writtenbytes: number;
  readonly reconnects: number;
  /** What hinders the link, such as another client with this id. */
  readonly problem: string | null;
  /** Lanes that the broker refuses, and why. */
  readonly refused: Readonly<Record<string, string>>;
  /** Bytes. */
  readonly freedisk?: number | undefined;
  readonly freememory?: number | undefined;
  readonly load?: number | undefined;
  /** Of the processor, °C. */
  readonly cputemperature?: number | undefined;
  readonly undervoltage?: boolean | undefined;
  readonly undervoltages?: number | undefined;
  readonly lastundervoltage?: string | undefined;
  readonly throttled?: boolean | undefined;
  /** dBm. */
  readonly wifisignal?: number | undefined;
};

export type Topics = Readonly<
  Record<'reading' | 'backlog' | 'prealert' | 'gap' | 'status' | 'health', string>
>;

export const topicsOf = (prefix: string, deviceid: string): Topics => {
  const topic = (name: string): string => `${prefix}/${deviceid}/${name}`;
  return {
    reading: topic('reading'),
    backlog: topic('backlog'),
    prealert: topic('prealert'),
    gap: topic('gap'),
    status: topic('status'),
    health: topic('health'),
  };
};

/** `2020-05-11 09:42:05`, UTC, cut to the second. */
export const formatDatetime = (wallMs: number): string =>
  new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ');

type ReadingIdentity = {
  readonly deviceid: string;
  readonly epoch: string;
  readonly seq: number;
  readonly previous?: { readonly epoch: string; readonly seq: number } | undefined;
};

export const previousReading = (previous: ReadingIdentity['previous'] | null): PreviousReading =>
  previous ? { previousepoch: previous.epoch, previousseq: previous.seq } : {};

const rounded = (
  quantity: Quantity,
  value: number | null | undefined,
  table: QuantityTable,
): number | null => {
  if (value === null || value === undefined) return null;
  const { combine, decimals } = table[quantity];
  // North is 0, also where 359.6 is the measured value.
  return combine === 'direction' ? Math.round(value) % 360 : Number(value.toFixed(decimals));
};

/**
 * Key order is the contract's, so that a person who reads the raw message finds his way. Optional quantities come last,
 * those with a value or a flag; so does what another release stored and this one does not know.
 */
export const readingMessage = (
  { deviceid, epoch, seq, previous }: ReadingIdentity,
  { values, quality }: Measurement,
  stamp: Stamp,
  table: QuantityTable = quantityTable,
): ReadingMessage => {
  const standard: ReadingMessage = {
    deviceid,
    datetime: formatDatetime(stamp.wallMs),
    temperature: rounded('temperature', values.temperature, table),
    humidity: rounded('humidity', values.humidity, table),
    winddirection: rounded('winddirection', values.winddirection, table),
    windintensity: rounded('windintensity', values.windintensity, table),
    rainheight: rounded('rainheight', values.rainheight, table),
    epoch,
    seq,
    windgust: rounded('windgust', values.windgust, table),
    pressure: rounded('pressure', values.pressure, table),
    timequality: stamp.timequality,
    quality,
    ...previousReading(previous),
  };
  const names = new Set([...quantitiesOf(table), ...Object.keys(values), ...Object.keys(quality)]);
  const measured = [...names].flatMap((name) => {
    const value = isKnown(name, table)
      ? rounded(name, values[name], table)
      : finite(Reflect.get(values, name));
    return value === null && !Object.hasOwn(quality, name) ? [] : [[name, value] as const];
  });
  // Once more at the end: no name from another release can take the place of a key of the contract.
  return { ...standard, ...Object.fromEntries(measured), ...standard };
};

const isKnown = (name: string, table: QuantityTable): name is Quantity => Object.hasOwn(table, name);

const finite = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
