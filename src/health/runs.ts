import { z } from 'zod';
import type { Log } from '../log.ts';
import type { Outbox } from '../outbox/outbox.ts';

/** Of this store's life. */
export type RunCounts = {
  /** Boots of the machine in which the daemon ran. */
  readonly boots: number;
  /** Runs of the daemon that ended without having been stopped: a power cut, a crash, the watchdog. */
  readonly uncleanShutdowns: number;
};

const BOOTS = 'boot-count';
const UNCLEAN_SHUTDOWNS = 'unclean-shutdowns';
const RUN = 'run';

const count = z.int().nonnegative();
const run = z.object({ bootId: z.string(), isRunning: z.boolean() });

type RunParts = {
  readonly outbox: Pick<Outbox, 'getState' | 'putState'>;
  readonly bootId: string;
  readonly log: Log;
};

/** Counts this start, and the end of the run before if that was none. Two writes a run; neither can fail a start. */
export const beginRun = async ({ outbox, bootId, log }: RunParts): Promise<RunCounts> => {
  const countOf = async (key: string): Promise<number> => {
    const saved = count.safeParse((await outbox.getState(key)) ?? 0);
    return saved.success ? saved.data : 0;
  };
  const before = run.safeParse(await outbox.getState(RUN));
  const isUnclean = before.success && before.data.isRunning;
  const isNewBoot = !before.success || before.data.bootId !== bootId;
  const counts = {
    boots: (await countOf(BOOTS)) + (isNewBoot ? 1 : 0),
    uncleanShutdowns: (await countOf(UNCLEAN_SHUTDOWNS)) + (isUnclean ? 1 : 0),
  };
  await mark({ outbox, bootId, log }, true, {
    [BOOTS]: counts.boots,
    [UNCLEAN_SHUTDOWNS]: counts.uncleanShutdowns,
  });
  return counts;
};

/** To be called as the last thing of a run that was stopped. */
export const endRun = (parts: RunParts): Promise<void> => mark(parts, false, {});

const mark = async (
  { outbox, bootId, log }: RunParts,
  isRunning: boolean,
  counts: Readonly<Record<string, number>>,
): Promise<void> => {
  await outbox
    .putState({ ...counts, [RUN]: { bootId, isRunning } })
    .catch((error: unknown) => log.warn({ err: error }, 'the begin or end of this run was not noted'));
};
