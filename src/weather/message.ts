import type { Measurement, QualityFlags, Stamp, TimeQuality, Values } from './reading.ts';

/** Most readings in one backlog message (contract: Messages). */
export const BACKLOG_MAX_READINGS = 500;
/** Most bytes in one backlog message; AWS IoT Core takes 128 KiB (contract: Messages). */
export const BACKLOG_MAX_BYTES = 120_000;

/** One reading as the cloud receives it; `(deviceid, epoch, seq)` names it for ever. */
export type ReadingMessage = { readonly deviceid: string; readonly datetime: string } & Values & {
    readonly epoch: string;
    readonly seq: number;
    readonly timequality: TimeQuality;
    readonly quality: QualityFlags;
  };

export type BacklogMessage = { readonly readings: readonly ReadingMessage[] };

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
};

/** `full`: evicted to keep the bound · `damaged`: lost with a damaged store · `refused`: set aside, never sendable. */
export type GapReason = 'full' | 'damaged' | 'refused';

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
    };

export type Topics = Readonly<Record<'reading' | 'backlog' | 'prealert' | 'gap' | 'status', string>>;

export const topicsOf = (prefix: string, deviceid: string): Topics => {
  const topic = (name: string): string => `${prefix}/${deviceid}/${name}`;
  return {
    reading: topic('reading'),
    backlog: topic('backlog'),
    prealert: topic('prealert'),
    gap: topic('gap'),
    status: topic('status'),
  };
};

/** `2020-05-11 09:42:05`, UTC, cut to the second. */
export const formatDatetime = (wallMs: number): string =>
  new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ');

export type ReadingIdentity = { readonly deviceid: string; readonly epoch: string; readonly seq: number };

const roundTo = (decimals: number, value: number | null): number | null =>
  value === null ? null : Number(value.toFixed(decimals));

/** North is 0, also where 359.6 is the measured value. */
const wholeDegrees = (degrees: number | null): number | null =>
  degrees === null ? null : Math.round(degrees) % 360;

/**
 * Key order is the contract's, so that a person who reads the raw message finds his way; decimals as in its example,
 * which no sensor here exceeds in accuracy.
 */
export const readingMessage = (
  { deviceid, epoch, seq }: ReadingIdentity,
  { values, quality }: Measurement,
  stamp: Stamp,
): ReadingMessage => ({
  deviceid,
  datetime: formatDatetime(stamp.wallMs),
  temperature: roundTo(1, values.temperature),
  humidity: roundTo(1, values.humidity),
  winddirection: wholeDegrees(values.winddirection),
  windintensity: roundTo(1, values.windintensity),
  // A tip is 0.2794 mm.
  rainheight: roundTo(4, values.rainheight),
  epoch,
  seq,
  windgust: roundTo(1, values.windgust),
  pressure: roundTo(1, values.pressure),
  timequality: stamp.timequality,
  quality,
});
