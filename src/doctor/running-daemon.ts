import { z } from 'zod';
import { askDaemon } from '../status/daemon-socket.ts';

const answer = z.object({
  link: z.object({
    state: z.string(),
    reason: z.string().optional(),
    problem: z.string().nullable().optional(),
  }),
  refusedLanes: z.array(z.object({ topic: z.string(), reason: z.string() })).optional(),
});

export type DaemonLink = z.output<typeof answer>['link'] & {
  /** Topics that the broker refuses, and why. */
  readonly refused?: z.output<typeof answer>['refusedLanes'];
};

/** `not running`: its id may be used. `unknown`: it may run, and must not be disturbed. */
export type RunningDaemon =
  | { readonly kind: 'running'; readonly link: DaemonLink }
  | { readonly kind: 'not running' }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Whether a daemon runs on this state directory, and how its link is. */
export const runningDaemon = async (stateDirectory: string, signal: AbortSignal): Promise<RunningDaemon> => {
  const answered = await askDaemon(stateDirectory, signal);
  if (answered.kind !== 'answered') return answered;
  const status = answer.safeParse(answered.body);
  return status.success
    ? { kind: 'running', link: { ...status.data.link, refused: status.data.refusedLanes } }
    : { kind: 'unknown', reason: 'the running daemon is of another version' };
};
