import type { DeviceCredentials } from '../certificate/device-credentials.ts';
import type { GatewayConfig } from '../config/schema.ts';
import type { MachineWatch } from '../health/machine-watch.ts';
import type { RunCounts } from '../health/runs.ts';
import type { History } from '../history/history.ts';
import type { StationInstruments } from '../instruments/station-instruments.ts';
import type { Progress } from '../measuring/progress.ts';
import type { Recorder } from '../measuring/recorder.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { TimeOf } from '../outbox/records.ts';
import type { PreAlertRunner } from '../pre-alerts/pre-alert-runner.ts';
import type { Remote } from '../remote/remote.ts';
import type { WriteBudget } from '../store/write-budget.ts';
import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';
import type { Uplink } from '../uplink/uplink.ts';
import { type LocalDays, sunOf } from '../weather/day.ts';
import { whyNoSeaLevelPressure } from '../weather/derived.ts';
import { BYTES_PER_MEGABYTE } from '../weather/format.ts';
import type { GatewayStatus, SunStatus } from './status.ts';

type StatusPollerParts = {
  readonly credentials: Pick<DeviceCredentials, 'current'>;
  readonly writeBudget: Pick<WriteBudget, 'look'>;
  readonly clock: Clock;
  readonly outbox: Pick<Outbox, 'oldest'>;
  readonly timeOf: TimeOf;
  readonly timeKeeper: Pick<TimeKeeper, 'now' | 'stampOf'>;
};

type Polled = {
  /** Age of the oldest waiting reading; `null` when none waits. */
  readonly oldestAgeSeconds: number | null;
  readonly certificateDaysLeft: number | null;
  /** Bytes given to the disk on this UTC day. */
  readonly writtenTodayBytes: number;
};

const LOOK_EVERY_MS = 5_000;
const DAY_MS = 86_400_000;

/** What a status wants to tell and only the disk knows, looked up now and then. */
export class StatusPoller {
  readonly #parts: StatusPollerParts;
  #polled: Polled = { oldestAgeSeconds: null, certificateDaysLeft: null, writtenTodayBytes: 0 };

  constructor(parts: StatusPollerParts) {
    this.#parts = parts;
  }

  current(): Polled {
    return this.#polled;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#polled = {
        oldestAgeSeconds: await this.#oldestAgeSeconds(),
        certificateDaysLeft: this.#certificateDaysLeft(),
        writtenTodayBytes: this.#parts.writeBudget.look(),
      };
      await pause(this.#parts.clock, LOOK_EVERY_MS, signal);
    }
  }

  async #oldestAgeSeconds(): Promise<number | null> {
    const { outbox, timeKeeper, timeOf } = this.#parts;
    const oldest = await outbox.oldest('reading');
    const at = oldest === null ? null : timeOf(oldest.body);
    if (at === null) return null;
    const nowMs = timeKeeper.stampOf(timeKeeper.now()).wallMs;
    return Math.max(0, (nowMs - timeKeeper.stampOf(at).wallMs) / 1000);
  }

  /** Of the pair in use, as a person counts days; negative afterwards. */
  #certificateDaysLeft(): number | null {
    const { clock, credentials } = this.#parts;
    const pair = credentials.current();
    return pair === null ? null : Math.floor((pair.validToMs - clock.wallMs()) / DAY_MS);
  }
}

type GatewayStatusParts = {
  readonly config: GatewayConfig;
  readonly version: string;
  readonly startedAtMs: number;
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  /** Of the station. */
  readonly days: LocalDays;
  readonly history: Pick<History, 'rain'>;
  readonly outbox: Pick<Outbox, 'stats'>;
  readonly writtenBytes: () => number;
  readonly storeReport: string | null;
  readonly instruments: Pick<StationInstruments, 'status' | 'suspectedMissedPulses'>;
  readonly recorder: Pick<Recorder, 'latest' | 'latestAgeSeconds' | 'unstored'>;
  readonly uplink: Pick<Uplink, 'status'>;
  readonly remote: Pick<Remote, 'jobs' | 'configuration'>;
  readonly timeKeeper: Pick<TimeKeeper, 'status'>;
  readonly preAlertRunner: Pick<PreAlertRunner, 'status' | 'derived'>;
  readonly progress: Pick<Progress, 'health'>;
  readonly machine: Pick<MachineWatch, 'status'>;
  readonly runs: RunCounts;
  readonly poller: Pick<StatusPoller, 'current'>;
};

/** Puts together what the parts of the daemon know of themselves. */
export const gatewayStatus = (parts: GatewayStatusParts): GatewayStatus => {
  const { config, outbox, instruments, recorder } = parts;
  const { oldestAgeSeconds, certificateDaysLeft, writtenTodayBytes } = parts.poller.current();
  return {
    station: { id: config.station.id, name: config.station.name, timezone: parts.days.timeZone },
    units: config.display.units,
    version: parts.version,
    uptimeSeconds: (parts.clock.monotonicMs() - parts.startedAtMs) / 1000,
    intervalSeconds: config.reporting.intervalSeconds,
    calmKmh: config.quality.wind.calmKmh,
    latest: recorder.latest(),
    latestAgeSeconds: recorder.latestAgeSeconds(),
    derived: parts.preAlertRunner.derived(),
    rain: parts.history.rain(),
    sun: sunToday(parts),
    notes: [whyNoSeaLevelPressure(config.station.elevationMetres)].filter((note) => note !== null),
    instruments: instruments.status(),
    ...parts.uplink.status(),
    outbox: {
      ...outbox.stats(),
      oldestAgeSeconds,
      maxBytes: config.outbox.maxMegabytes * BYTES_PER_MEGABYTE,
    },
    jobs: parts.remote.jobs.status(),
    configuration: parts.remote.configuration.status(),
    clock: parts.timeKeeper.status(),
    preAlerts: parts.preAlertRunner.status(),
    suspectedMissedPulses: instruments.suspectedMissedPulses(),
    unstored: recorder.unstored(),
    storeReport: parts.storeReport,
    writtenBytes: parts.writtenBytes(),
    writtenTodayBytes,
    residentMemoryBytes: process.memoryUsage.rss(),
    certificateDaysLeft,
    machine: parts.machine.status(),
    runs: parts.runs,
    health: parts.progress.health(),
  };
};

const HALF_DAY_MS = 43_200_000;

const sunToday = ({ config, days, clock }: GatewayStatusParts): SunStatus | null => {
  const { latitude, longitude } = config.station;
  if (latitude === undefined || longitude === undefined) return null;
  const sun = sunOf(days.dayOf(clock.wallMs()).startMs + HALF_DAY_MS, { latitude, longitude });
  return sun.up === 'by day'
    ? { up: sun.up, sunrise: days.timeOf(sun.riseMs), sunset: days.timeOf(sun.setMs) }
    : { up: sun.up, sunrise: null, sunset: null };
};

/** For `systemctl status`. */
export const statusLine = ({ outbox, link, health, instruments }: GatewayStatus): string => {
  const { accepted, delivered } = outbox.totals;
  const { waiting } = outbox.lanes.reading;
  const failing = instruments.filter(({ state }) => state === 'failing').map(({ name }) => name);
  const troubles = [
    ...(failing.length === 0 ? [] : [`no value from ${failing.join(', ')}`]),
    ...(health.isHealthy ? [] : [health.reason]),
  ];
  const isInOrder = troubles.length === 0 && link.state !== 'disconnected' && link.problem === null;
  return [
    `${accepted} readings taken, ${delivered} delivered, ${waiting} waiting`,
    `link ${link.state}`,
    ...troubles,
    ...(isInOrder ? [] : ['sudo weather-gateway doctor says what to do']),
  ].join('; ');
};
