import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type History, openHistory } from '../../src/history/history.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { loadPageFiles, openHttpServer } from '../../src/http/server.ts';
import { createWeatherModel, type Weather } from '../../src/simulation/weather-model.ts';
import type { GatewayStatus } from '../../src/status/status.ts';
import { openStore } from '../../src/store/open-store.ts';
import { systemClock } from '../../src/time/clock.ts';
import type { Measurement, QualityFlags } from '../../src/weather/reading.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';
import { createRecordingLog } from '../fakes/log.ts';

const INTERVAL_SECONDS = 12;
const KMH_PER_MS = 3.6;
const TIP_MM = 0.2794;

export type DashboardStation = {
  readonly url: string;
  readonly history: History;
  /** What the page is told from the next event on. */
  show(changes: Partial<GatewayStatus>): void;
  close(): Promise<void>;
};

type Happening = { readonly fromSecondsAgo: number; readonly toSecondsAgo: number };

/** So that one chart shows a silence, a missing value and a suspect one, near enough to be seen in an hour. */
const happenings = {
  silence: { fromSecondsAgo: 2_300, toSecondsAgo: 1_800 },
  missingHumidity: { fromSecondsAgo: 1_200, toSecondsAgo: 900 },
  suspectTemperature: { fromSecondsAgo: 640, toSecondsAgo: 600 },
} satisfies Record<string, Happening>;

const isWithin = ({ fromSecondsAgo, toSecondsAgo }: Happening, secondsAgo: number): boolean =>
  secondsAgo <= fromSecondsAgo && secondsAgo >= toSecondsAgo;

type Moment = { readonly secondsAgo: number; readonly wallMs: number; readonly tips: number };

const measurementOf = (weather: Weather, { secondsAgo, wallMs, tips }: Moment): Measurement => {
  const isHumidityMissing = isWithin(happenings.missingHumidity, secondsAgo);
  const isTemperatureSuspect = isWithin(happenings.suspectTemperature, secondsAgo);
  const quality: QualityFlags = {
    ...(isHumidityMissing ? { humidity: 'missing:no-answer' } : {}),
    ...(isTemperatureSuspect ? { temperature: 'suspect:step' } : {}),
  };
  const windintensity = Math.round(weather.meanWindMs * KMH_PER_MS * 10) / 10;
  return {
    at: { bootId: 'past', monotonicMs: 1e9 - secondsAgo * 1000, wallMs, synchronized: true },
    values: {
      temperature: Math.round((weather.temperatureC + (isTemperatureSuspect ? 1.5 : 0)) * 100) / 100,
      humidity: isHumidityMissing ? null : Math.round(weather.humidityPercent * 10) / 10,
      winddirection: Math.round(weather.windDirectionDegrees / 22.5) * 22.5,
      windintensity,
      windgust: Math.max(windintensity, Math.round(weather.windMs * KMH_PER_MS * 10) / 10),
      rainheight: tips * TIP_MM,
      pressure: Math.round(weather.pressureHpa * 100) / 100,
    },
    quality,
  };
};

/** Weather of the days until now, as the station would have kept it. */
export const recordPast = async (history: History, { days, seed }: { days: number; seed: number }) => {
  const nowMs = Date.now();
  const weatherAt = createWeatherModel({ seed, startSolarMs: nowMs - days * 86_400_000 });
  const seconds = days * 86_400;
  let rainMm = 0;
  let measurement: Measurement | undefined;
  for (let elapsed = 0; elapsed <= seconds; elapsed += INTERVAL_SECONDS) {
    const secondsAgo = seconds - elapsed;
    const weather = weatherAt(elapsed);
    rainMm += (weather.rainMmPerHour * INTERVAL_SECONDS) / 3600;
    const tips = Math.floor(rainMm / TIP_MM);
    rainMm -= tips * TIP_MM;
    if (isWithin(happenings.silence, secondsAgo)) continue;
    measurement = measurementOf(weather, { secondsAgo, wallMs: nowMs - secondsAgo * 1000, tips });
    await history.append(measurement);
  }
  return measurement;
};

/** The real server, page, history and store; only the daemon's status is made up. */
export const openDashboardStation = async ({
  days = 0,
  seed = 7,
  port = 0,
} = {}): Promise<DashboardStation> => {
  const directory = await mkdtemp(join(tmpdir(), 'dashboard-'));
  const log = createRecordingLog();
  const { store } = await openStore({ directory, log, wallMs: () => systemClock.wallMs() });
  const history = await openHistory({
    store,
    log,
    stampOf: ({ wallMs }) => ({ wallMs, timequality: 'synced' }),
    wallMs: () => systemClock.wallMs(),
    intervalMs: INTERVAL_SECONDS * 1000,
  });
  await recordPast(history, { days, seed });
  let status = createGatewayStatus();
  const server = await openHttpServer({
    config: { listen: '127.0.0.1', port },
    clock: systemClock,
    log,
    pageFiles: await loadPageFiles(new URL('../../dist/http/page/', import.meta.url)),
    status: () => status,
    health: () => status.health,
    history,
    metrics: createMetrics(() => status),
  });
  return {
    url: server.url,
    history,
    show: (changes) => {
      status = { ...status, ...changes };
    },
    close: async () => {
      await server.close();
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
};
