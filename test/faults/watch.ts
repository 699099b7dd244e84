import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from '../../src/weather/format.ts';
import type { FaultyStation } from './faulty-station.ts';
import { footprintOf } from './process-footprint.ts';
import type { TimedFootprint } from './trend.ts';

const LOOK_EVERY_MS = 1_000;
const FOOTPRINT_EVERY_MS = 10_000;

/** The process may end while it is looked at. */
const unlessGone = (error: unknown): null => {
  if (['ENOENT', 'ESRCH'].includes(errorCode(error))) return null;
  throw error;
};

/** Looks at every station, and at what the first one's process holds, until it is told to stop. */
export const watch = async (
  stations: readonly FaultyStation[],
  signal: AbortSignal,
): Promise<readonly TimedFootprint[]> => {
  const footprints: TimedFootprint[] = [];
  const [first] = stations;
  let footprintAtMs = 0;
  while (!signal.aborted) {
    await Promise.all(stations.map((station) => station.look()));
    const pid = first?.gateway.pid();
    if (first !== undefined && pid !== undefined && Date.now() >= footprintAtMs) {
      footprintAtMs = Date.now() + FOOTPRINT_EVERY_MS;
      const footprint = await footprintOf(pid, first.gateway.outboxDirectory).catch(unlessGone);
      if (footprint !== null) footprints.push({ ...footprint, atMs: Date.now() });
    }
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return footprints;
};
