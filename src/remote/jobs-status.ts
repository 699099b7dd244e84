import { type ChannelStatus, channelOff } from './inbound-channel.ts';
import type { JobVerb } from './verbs.ts';

/** What the channel for jobs is doing: part of the status of the daemon. */
export type JobsStatus = ChannelStatus & {
  /** The one that is being done. */
  readonly job: { readonly id: string; readonly verb: JobVerb } | null;
  /** Jobs that were answered since start. */
  readonly done: number;
  /** Ordered by a job; `null` while the configured one holds. */
  readonly logLevel: { readonly level: string; readonly secondsLeft: number } | null;
};

export const jobsOff: JobsStatus = { ...channelOff, job: null, done: 0, logLevel: null };
