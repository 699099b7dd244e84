import type { MachineStatus } from '../health/machine-watch.ts';
import type { RunCounts } from '../health/runs.ts';
import type { RainStatus } from '../history/rain-totals.ts';
import type { InstrumentStatus } from '../instruments/instrument-health.ts';
import type { Health } from '../measuring/progress.ts';
import type { OutboxStats } from '../outbox/records.ts';
import type { PreAlertStatus } from '../pre-alerts/pre-alert-runner.ts';
import type { ConfigurationStatus } from '../remote/configuration.ts';
import type { JobsStatus } from '../remote/jobs.ts';
import type { ClockStatus } from '../time/time-keeper.ts';
import type { UplinkStatus } from '../uplink/uplink-status.ts';
import type { Sun } from '../weather/day.ts';
import type { Derived } from '../weather/derived.ts';
import type { UnitSystem } from '../weather/display-units.ts';
import type { ReadingMessage } from '../weather/message.ts';

/** What the daemon knows of itself: `GET /api/status`, `weather-gateway status --json`, and the source of /metrics. */
export type GatewayStatus = UplinkStatus & {
  readonly station: { readonly id: string; readonly name: string; readonly timezone: string };
  /** What people read values in on the page; every value here is in the gateway's own unit. */
  readonly units: UnitSystem;
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Between two readings. */
  readonly intervalSeconds: number;
  /** Below it the wind is calm and has no direction. */
  readonly calmKmh: number;
  /** The newest reading as the cloud will see it; `null` before the first. */
  readonly latest: ReadingMessage | null;
  /** Age of `latest` on the monotonic clock, whatever its datetime says. */
  readonly latestAgeSeconds: number | null;
  /** What follows from the latest readings; `null` before the first. */
  readonly derived: Derived | null;
  /** Rain of the station's local day, and of the event. */
  readonly rain: RainStatus;
  /** Today's; `null` where the station's place is not known. */
  readonly sun: SunStatus | null;
  /** Sentences on what the configuration rules out. */
  readonly notes: readonly string[];
  readonly instruments: readonly InstrumentStatus[];
  readonly outbox: OutboxStats & {
    /** Age of the oldest waiting reading; `null` when none waits. */
    readonly oldestAgeSeconds: number | null;
    readonly maxBytes: number;
  };
  /** What the station hears from AWS IoT Jobs. */
  readonly jobs: JobsStatus;
  /** What came from afar by the shadow of the thing, and what is in force. */
  readonly configuration: ConfigurationStatus;
  readonly clock: ClockStatus;
  readonly preAlerts: readonly PreAlertStatus[];
  /** Pulses that the edge source may have missed. */
  readonly suspectedMissedPulses: number;
  /** Readings that could not be stored since start. */
  readonly unstored: number;
  /** What happened to a store found damaged at start; `null` when it was whole. */
  readonly storeReport: string | null;
  /** Bytes given to the disk since start. */
  readonly writtenBytes: number;
  /** Of them, on this UTC day. */
  readonly writtenTodayBytes: number;
  readonly residentMemoryBytes: number;
  readonly certificateDaysLeft: number | null;
  readonly machine: MachineStatus;
  readonly runs: RunCounts;
  /** Whether samples were taken and readings stored in time: `GET /healthz`. */
  readonly health: Health;
};

/** Times are HH:MM by the station's clock; `null` where the sun does not rise or set today, as `up` says. */
export type SunStatus = {
  readonly up: Sun['up'];
  readonly sunrise: string | null;
  readonly sunset: string | null;
};

type WaitingReadings = {
  /** Between two readings. */
  readonly intervalSeconds: number;
  readonly outbox: {
    readonly lanes: { readonly reading: { readonly waiting: number; readonly waitingBytes: number } };
    readonly maxBytes: number;
  };
};

/**
 * How long readings can go on waiting before the oldest have to go, s, if they stay as large as those that wait.
 * `null` while none waits: nobody knows how large they will be.
 */
export const roomSeconds = ({ intervalSeconds, outbox }: WaitingReadings): number | null => {
  const { waiting, waitingBytes } = outbox.lanes.reading;
  if (waiting === 0 || waitingBytes === 0) return null;
  const readings = (outbox.maxBytes - waitingBytes) / (waitingBytes / waiting);
  return Math.max(0, Math.floor(readings)) * intervalSeconds;
};
