import type { GatewayConfig } from '../config/schema.ts';
import type { PreAlertEvent } from '../pre-alerts/assessment.ts';
import { createPreAlerts } from '../pre-alerts/pre-alerts.ts';
import { whyNeverJudged } from '../pre-alerts/rules.ts';
import { createQualityControl } from '../quality/quality-control.ts';
import type { RecordedReading } from './recorded-reading.ts';
import { type Summary, Tally } from './summary.ts';
import type { TableItem } from './table.ts';

/** How a reading stands to those before it. */
type Standing = 'new' | 'repeated' | 'older';

/** Times in one piece of memory. */
const PIECE = 8_192;

/** Knows the readings that were taken already, by epoch and sequence, else by their time. */
class SeenReadings {
  readonly #ranges = new Map<string, Range[]>();
  /** In pieces: one array of them all would be copied each time it grows. */
  readonly #times: Float64Array[] = [];
  #count = 0;

  take({ raw, identity }: RecordedReading): Standing {
    const { wallMs } = raw.at;
    if (identity !== null && !this.#takeIdentity(identity)) return 'repeated';
    const newestMs = this.#count === 0 ? Number.NEGATIVE_INFINITY : this.#timeAt(this.#count - 1);
    if (wallMs <= newestMs) {
      if (identity === null && this.#hasTime(wallMs)) return 'repeated';
      return wallMs < newestMs ? 'older' : 'new';
    }
    this.#addTime(wallMs);
    return 'new';
  }

  #takeIdentity(identity: string): boolean {
    const slash = identity.lastIndexOf('/');
    const epoch = identity.slice(0, slash);
    const seq = Number(identity.slice(slash + 1));
    const ranges = this.#ranges.get(epoch) ?? [];
    this.#ranges.set(epoch, ranges);
    const range = ranges.findLast(({ from }) => from <= seq);
    if (range !== undefined && seq <= range.to) return false;
    if (range !== undefined && seq === range.to + 1) range.to = seq;
    else {
      ranges.push({ from: seq, to: seq });
      ranges.sort((a, b) => a.from - b.from);
    }
    return true;
  }

  #hasTime(wallMs: number): boolean {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#timeAt(middle) < wallMs) low = middle + 1;
      else high = middle;
    }
    return low < this.#count && this.#timeAt(low) === wallMs;
  }

  #timeAt(index: number): number {
    return this.#times[Math.floor(index / PIECE)]?.[index % PIECE] as number;
  }

  #addTime(wallMs: number): void {
    const place = this.#count % PIECE;
    if (place === 0) this.#times.push(new Float64Array(PIECE));
    (this.#times.at(-1) as Float64Array)[place] = wallMs;
    this.#count += 1;
  }
}

type Range = { readonly from: number; to: number };

export type ReplayConfig = Pick<GatewayConfig, 'preAlerts' | 'quality' | 'reporting' | 'station'>;

/** What a replay tells while it goes on. */
export type ReplayOutcome =
  | { readonly event: PreAlertEvent }
  | { readonly file: string; readonly line: number; readonly complaint: string };

/** Items of one file, in its order. */
type RecordedItems = { readonly file: string; readonly items: Iterable<TableItem> };

/** Readings that tell how often the station reported. */
const SAMPLE_SIZE = 100;

const HOUR_MS = 3_600_000;

/**
 * Runs quality control and the rules over a recording, as the station would have. Readings that carry flags are taken
 * as they were judged; one that was delivered twice counts once; one older than the one before is skipped.
 */
export class Replay {
  readonly #config: ReplayConfig;
  readonly #seen = new SeenReadings();
  readonly #tally: Tally;
  #waiting: RecordedReading[] = [];
  #station: Station | null = null;
  #newestMs = Number.NEGATIVE_INFINITY;

  constructor(config: ReplayConfig) {
    this.#config = config;
    this.#tally = new Tally(config.preAlerts.map(({ id }) => id));
  }

  *take({ file, items }: RecordedItems): Generator<ReplayOutcome> {
    for (const item of items) {
      if ('complaint' in item) {
        this.#tally.skippedLines += 1;
        yield { file, line: item.line, complaint: item.complaint };
        continue;
      }
      for (const { quantity, text } of item.badFields) {
        this.#tally.noteBadField(quantity);
        yield { file, line: item.line, complaint: `${quantity} "${text}" is no value; it is left out` };
      }
      const complaint = this.#complaintOf(item.reading);
      if (complaint !== undefined) {
        if (complaint !== null) yield { file, line: item.line, complaint };
      } else if (this.#station === null) this.#waiting.push(item.reading);
      else yield* this.#judge(item.reading, this.#station);
    }
    if (this.#waiting.length >= SAMPLE_SIZE) yield* this.#judgeWaiting();
  }

  /** After the last items. */
  *end(): Generator<ReplayOutcome> {
    yield* this.#judgeWaiting();
  }

  summary(files: Summary['files']): Summary {
    const { preAlerts, station } = this.#config;
    const intervalMs = this.#intervalMs();
    return this.#tally.summary(files, (id, measured) => {
      const rule = preAlerts.find((each) => each.id === id);
      if (rule === undefined) return null;
      return whyNeverJudged(rule, { measured, intervalMs, elevationMetres: station.elevationMetres });
    });
  }

  /** `undefined` for a reading that counts, `null` for one that came before. */
  #complaintOf(reading: RecordedReading): string | null | undefined {
    const { wallMs } = reading.raw.at;
    const standing = this.#seen.take(reading);
    if (standing === 'repeated') {
      this.#tally.repeated += 1;
      return null;
    }
    if (standing === 'older') {
      this.#tally.skippedLines += 1;
      const isHour = this.#newestMs - wallMs <= HOUR_MS;
      const hint = isHour ? '; if the clock was put back, say time.zone with --map' : '';
      return `older than the reading before it${hint}`;
    }
    this.#newestMs = wallMs;
    return undefined;
  }

  *#judgeWaiting(): Generator<ReplayOutcome> {
    const readings = this.#waiting;
    if (readings.length === 0) return;
    this.#waiting = [];
    this.#station ??= createStation(this.#config, intervalOf(readings, this.#config));
    for (const reading of readings) yield* this.#judge(reading, this.#station);
  }

  *#judge(reading: RecordedReading, station: Station): Generator<ReplayOutcome> {
    for (const event of station.judge(reading, this.#tally)) yield { event };
  }

  #intervalMs(): number {
    return this.#tally.stepMs() ?? this.#config.reporting.intervalSeconds * 1000;
  }
}

type Station = { judge(reading: RecordedReading, tally: Tally): PreAlertEvent[] };

const createStation = (config: ReplayConfig, intervalMs: number): Station => {
  const quality = createQualityControl({ limits: config.quality, intervalMs });
  const preAlerts = createPreAlerts({
    rules: config.preAlerts,
    intervalMs,
    elevationMetres: config.station.elevationMetres,
    calmKmh: config.quality.wind.calmKmh,
    restored: undefined,
  });
  return {
    judge: ({ raw, isJudged }, tally) => {
      const measurement = isJudged
        ? { at: raw.at, values: raw.values, quality: raw.faults }
        : quality.check(raw);
      tally.noteReading(raw.values, measurement);
      const { steps, assessments } = preAlerts.evaluate(measurement);
      tally.noteJudged(assessments);
      for (const { event } of steps) tally.noteEvent(event);
      return steps.map(({ event }) => event);
    },
  };
};

/** The usual time between two readings of the recording, whatever the configuration says of the future. */
const intervalOf = (readings: readonly RecordedReading[], { reporting }: ReplayConfig): number => {
  const gaps = readings
    .slice(1)
    .map(({ raw }, index) => raw.at.wallMs - (readings[index]?.raw.at.wallMs ?? 0))
    .sort((a, b) => a - b);
  const median = gaps[Math.floor(gaps.length / 2)] ?? 0;
  return median > 0 ? median : reporting.intervalSeconds * 1000;
};
