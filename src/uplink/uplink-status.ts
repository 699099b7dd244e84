import type { LinkState } from '../mqtt/publisher.ts';
import type { LaneRefusal } from './lane-retry.ts';

export type LinkStatus = LinkState & {
  readonly sinceSeconds: number;
  readonly reconnects: number;
  /** What hinders the link although it may be up; `null` when nothing does. */
  readonly problem: string | null;
};

export type DrainStatus = {
  readonly readingsPerSecond: number;
  /** Until nothing waits; `null` when it does not drain. */
  readonly secondsLeft: number | null;
  /** Readings that waited when the draining began, the measure of its progress; `null` when it does not drain. */
  readonly startedWith: number | null;
};

export type UplinkStatus = {
  readonly link: LinkStatus;
  readonly drain: DrainStatus;
  /** Readings published again because no answer came, since start: the cloud may have them twice. */
  readonly possibleDuplicates: number;
  /** Lanes whose messages the broker refuses. */
  readonly refusedLanes: readonly LaneRefusal[];
};
