import type { GatewayConfig } from '../config/schema.ts';
import type { PreAlertEvent } from '../pre-alerts/event.ts';
import { createPreAlerts } from '../pre-alerts/pre-alerts.ts';
import { createQualityControl } from '../quality/quality-control.ts';
import type { Measurement } from '../weather/reading.ts';
import type { RecordedLine } from './recorded-line.ts';
import { checkReading, type RecordedReading } from './recorded-reading.ts';

export type ReplayConfig = Pick<GatewayConfig, 'preAlerts' | 'quality' | 'reporting' | 'station'>;

export type ReplayOutcome =
  | { readonly event: PreAlertEvent }
  | { readonly line: number; readonly complaint: string };

export type ReplayCounts = {
  readonly readings: number;
  readonly events: number;
  readonly complaints: number;
};

/** Readings that tell how often the station reported. */
const SAMPLE_SIZE = 100;

/**
 * Runs quality control and the rules over a recording, as the station would have. Readings that carry flags are
 * taken as they were judged; a reading delivered twice counts once; one that is older than the one before is refused.
 */
export const replay = async function* (
  lines: AsyncIterable<RecordedLine>,
  config: ReplayConfig,
): AsyncGenerator<ReplayOutcome, ReplayCounts> {
  const counts = { readings: 0, events: 0, complaints: 0 };
  const waiting: RecordedReading[] = [];
  let station: Station | null = null;
  const takeWaiting = function* (): Generator<ReplayOutcome> {
    station ??= createStation(config, intervalOf(waiting, config));
    for (const event of waiting.splice(0).flatMap(station)) {
      counts.events += 1;
      yield { event };
    }
  };
  for await (const outcome of inOrder(lines)) {
    if ('complaint' in outcome) {
      counts.complaints += 1;
      yield outcome;
      continue;
    }
    counts.readings += 1;
    waiting.push(outcome);
    if (station !== null || waiting.length >= SAMPLE_SIZE) yield* takeWaiting();
  }
  yield* takeWaiting();
  return counts;
};

const inOrder = async function* (
  lines: AsyncIterable<RecordedLine>,
): AsyncGenerator<RecordedReading | { readonly line: number; readonly complaint: string }> {
  let previous: RecordedReading | null = null;
  for await (const each of lines) {
    const { line } = each;
    const checked = 'complaint' in each ? each : checkReading(each.reading);
    if ('complaint' in checked) {
      yield { line, complaint: checked.complaint };
      continue;
    }
    const { recorded } = checked;
    if (previous !== null && recorded.raw.at.wallMs < previous.raw.at.wallMs) {
      yield { line, complaint: 'older than the reading before it' };
      continue;
    }
    if (recorded.identity !== null && recorded.identity === previous?.identity) continue;
    previous = recorded;
    yield recorded;
  }
};

type Station = (reading: RecordedReading) => PreAlertEvent[];

const createStation = (config: ReplayConfig, intervalMs: number): Station => {
  const quality = createQualityControl({ limits: config.quality, intervalMs });
  const preAlerts = createPreAlerts({
    rules: config.preAlerts,
    intervalMs,
    elevationMetres: config.station.elevationMetres,
    restored: undefined,
  });
  return ({ raw, isJudged }) => {
    const measurement: Measurement = isJudged
      ? { at: raw.at, values: raw.values, quality: raw.faults }
      : quality.check(raw);
    return preAlerts.evaluate(measurement).steps.map(({ event }) => event);
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
