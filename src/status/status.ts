import type { LinkState } from '../mqtt/publisher.ts';
import type { OutboxStats } from '../outbox/records.ts';
import type { Derived } from '../weather/derived.ts';
import type { ReadingMessage } from '../weather/message.ts';

/** How one instrument is doing, as a person asks it. */
export type InstrumentStatus = {
  readonly name: string;
  /** `waiting`: not read yet. */
  readonly state: 'waiting' | 'ok' | 'failing';
  /** Failed reads since start. */
  readonly errors: number;
  /** The last fault ever seen since start, with the UTC time of its first occurrence; it stays after recovery. */
  readonly lastFault: { readonly code: string; readonly message: string; readonly datetime: string } | null;
};

export type PreAlertStatus = {
  readonly rule: string;
  readonly state: string;
  readonly severity: string;
  readonly text: string;
  /** The line that it switches, alone or with other rules; `null` when it has none. */
  readonly output: PreAlertOutputStatus | null;
};

/** A line by its BCM number. `waiting`: not driven yet, `failing`: cannot be driven. */
export type PreAlertOutputStatus = {
  readonly gpio: number;
  readonly state: 'waiting' | 'on' | 'off' | 'failing';
};

/** What the daemon knows of itself: `GET /api/status`, `weather-gateway status --json`, and the source of /metrics. */
export type GatewayStatus = {
  readonly station: { readonly id: string; readonly name: string };
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Between two readings. */
  readonly intervalSeconds: number;
  /** The newest reading as the cloud will see it; `null` before the first. */
  readonly latest: ReadingMessage | null;
  /** Age of `latest` on the monotonic clock, whatever its datetime says. */
  readonly latestAgeSeconds: number | null;
  /** What follows from the latest readings; `null` before the first. */
  readonly derived: Derived | null;
  readonly instruments: readonly InstrumentStatus[];
  readonly link: LinkState & {
    readonly sinceSeconds: number;
    readonly reconnects: number;
    /** What hinders the link although it may be up; `null` when nothing does. */
    readonly problem: string | null;
  };
  readonly outbox: OutboxStats & {
    /** Age of the oldest waiting reading; `null` when none waits. */
    readonly oldestAgeSeconds: number | null;
    readonly maxBytes: number;
  };
  readonly drain: {
    readonly readingsPerSecond: number;
    /** Until nothing waits; `null` when it does not drain. */
    readonly secondsLeft: number | null;
    /** Readings that waited when the draining began, the measure of its progress; `null` when it does not drain. */
    readonly startedWith: number | null;
  };
  /** Readings published again because no answer came, since start: the cloud may have them twice. */
  readonly possibleDuplicates: number;
  readonly clock: { readonly isSynchronized: boolean; readonly steps: number };
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
  /** Whether samples were taken and readings stored in time: `GET /healthz`. */
  readonly health: { readonly isHealthy: boolean; readonly reason: string | null };
};
