import type { JobVerb } from './verbs.ts';

/** What the channel for jobs is doing: part of the status of the daemon. */
export type JobsStatus = {
  /**
   * `off` by configuration · `away`: no connection, or nothing acknowledged on it yet · `listening` ·
   * `without`: the broker takes no subscription, and it is not asked again for a while.
   */
  readonly state: 'off' | 'away' | 'listening' | 'without';
  /** Why jobs do not come, for a person; `null` when nothing is wrong. */
  readonly problem: string | null;
  /** Until the broker is asked again; `null` but for `without`. */
  readonly retrySeconds: number | null;
  /** The one that is being done. */
  readonly job: { readonly id: string; readonly verb: JobVerb } | null;
  /** Jobs that were answered since start. */
  readonly done: number;
  /** Ordered by a job; `null` while the configured one holds. */
  readonly logLevel: { readonly level: string; readonly secondsLeft: number } | null;
};

export const jobsOff: JobsStatus = {
  state: 'off',
  problem: null,
  retrySeconds: null,
  job: null,
  done: 0,
  logLevel: null,
};
