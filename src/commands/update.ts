import { randomUUID } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { systemClock } from '../time/clock.ts';
import {
  dropRelease,
  readUpdateResult,
  type UpdatePlaces,
  type UpdateResult,
  updateHindrance,
} from '../update/update-files.ts';
import { printable } from '../weather/format.ts';
import type { Command, CommandContext } from './command.ts';

const ARCHIVE = '.tar.gz';
const LOOK_EVERY_MS = 500;
/** The unit answers within seconds, also on a slow card; it waits for a running install.sh for 5 minutes. */
const ANSWER_LIMIT_MS = 600_000;

/** Root writes nothing into a directory of the daemon's user but as that user, who may have put links there. */
const becomeOwnerOf = async (directory: string): Promise<void> => {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(directory);
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
};

const lineOf = ({ state, step, version, reason }: UpdateResult): string =>
  [`${version ?? 'release'}: ${state === 'IN_PROGRESS' ? step : state}`, reason]
    .filter((part) => part !== null)
    .join(', ');

/** Prints each step until the end; the unit goes on without this command, too. */
const follow = async (
  id: string,
  places: UpdatePlaces,
  { out, err, signal }: CommandContext,
): Promise<number> => {
  const untilMs = systemClock.monotonicMs() + ANSWER_LIMIT_MS;
  let last = '';
  while (!signal.aborted) {
    const result = await readUpdateResult(places, id);
    const line = result === null ? '' : printable(lineOf(result));
    if (line !== last) out.write(`${line}\n`);
    last = line;
    if (result !== null && result.state !== 'IN_PROGRESS') return result.state === 'SUCCEEDED' ? 0 : 1;
    if (result === null && systemClock.monotonicMs() > untilMs) {
      err.write('update: no answer: systemctl status weather-gateway-update.path weather-gateway-update\n');
      return 1;
    }
    await systemClock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
  err.write('update: it goes on without this command: journalctl -u weather-gateway-update\n');
  return 1;
};

/** Hands a release to the root unit, as a job of the cloud does, and waits for its answer. */
export const command: Command = async ({ operands: [file] }, context) => {
  const { environment, err } = context;
  const { updatePlaces: places } = environment;
  const refuse = (reason: string): number => {
    err.write(`update: ${printable(reason)}\n`);
    return 1;
  };
  if (file === undefined || !file.endsWith(ARCHIVE))
    return refuse(`name the archive of a release, weather-gateway-VERSION-linux-ARCHITECTURE${ARCHIVE}`);
  const problem = updateHindrance(environment.release, places);
  if (problem !== null) return refuse(problem);
  const base = file.slice(0, -ARCHIVE.length);
  const manifest = await readFile(`${base}.json`, 'utf8');
  const signature = await readFile(`${base}.json.sig`, 'utf8');
  const archive = (await open(file)).createReadStream();
  await becomeOwnerOf(dirname(places.drop));
  const id = `hand-${randomUUID()}`;
  if (!(await dropRelease(places, id, { manifest, signature, archive })))
    return refuse('another release waits to be installed');
  return await follow(id, places, context);
};
