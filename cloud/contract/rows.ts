/**
 * What the analytics reads and writes: the contract between the Flink job (`cloud/analytics`, Java), the warehouse
 * (`cloud/sql`) and the mail (`cloud/lambda`). Examples that both sides are tested with: `cloud/vectors/*.json`.
 *
 * A record on the input stream is one of, in UTF-8 JSON:
 * - one reading, `{...}` (from `P/D/reading`);
 * - an array of at most 500 readings, `[{...},{...}]` (from `P/D/backlog`, whose rule selects the array so that
 *   Firehose can split it).
 * What is inside a reading is never taken for a reading.
 *
 * A record on the alerts stream is an alert row of the job, which has no `lane`, or an event of a station with the
 * `lane` that its rule gave it: `prealert` or `gap`.
 *
 * Numbers may be numeric strings (the post's `"33"`); a whole number may come without its `.0` (IoT SQL does that);
 * a reading without `epoch` and `seq` (the post's own) is named by `(deviceid, datetime)`.
 */

/** UTC, `2020-05-20 14:58:28`. */
type Datetime = string;

/**
 * One row per distinct reading r at time t, over the readings of its station in the closed interval [t - 60 s, t] of
 * event time. A row that a late reading changes is sent again with a higher `revision`; the highest is right.
 */
export type AverageRow = {
  readonly deviceid: string;
  /** `null` when the station file does not know the device. */
  readonly weatherstationname: string | null;
  /** The earliest reading of the interval. */
  readonly min_datetime: Datetime;
  /** °C over the readings that have one, rounded half up to one decimal; `null` when none has. */
  readonly avg_temperature: number | null;
  /** %RH, in the same way. */
  readonly avg_humidity: number | null;
  /** Readings in the interval, r itself included. */
  readonly msg_count: number;
  /** Of r: the interval's end. */
  readonly datetime: Datetime;
  readonly epoch: string | null;
  readonly seq: number | null;
  /** 0 for the first row of a reading, then counting up. */
  readonly revision: number;
};

/** One row per alert window: readings above 40 °C of one station, less than two minutes after the window's first. */
export type AlertRow = {
  /** Opaque, at most 256 characters; the same for every repetition of the same alert. */
  readonly alertid: string;
  readonly deviceid: string;
  readonly weatherstationname: string | null;
  readonly count: number;
  /** °C. */
  readonly min_temperature: number;
  /** °C. */
  readonly max_temperature: number;
  readonly first_datetime: Datetime;
  readonly last_datetime: Datetime;
  /** Made of readings that had to wait on their way; one for a whole replay. */
  readonly late: boolean;
};
