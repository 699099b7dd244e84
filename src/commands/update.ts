import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import {
  readUpdateResult,
  type UpdatePlaces,
  type UpdateResult,
  updateHindrance,
} from '../remote/update-files.ts';
import { systemClock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import { printable } from '../weather/format.ts';
import type { Command, CommandContext } from './command.ts';

const ARCHIVE = '.tar.gz';
const LOOK_EVERY_MS = 500;
/** The unit answers within seconds, also on a slow card; it waits for a running install.sh for 5 minutes. */
const ANSWER_LIMIT_MS = 600_000;

/** Its exit status when another release waits. */
const TAKEN = 3;
/** As dropRelease does: $1 is the drop directory, $2 the id, and the open files are 3, 4 and 5. */
const DROP = `umask 077 && mkdir -p -- "$1" && cd -- "$1" || exit
[ ! -e request ] || exit ${TAKEN}
cat <&3 >manifest.json && cat <&4 >manifest.json.sig && cat <&5 >release.tar.gz && printf %s "$2" >"request-$2" || exit
ln -- "request-$2" request 2>/dev/null || taken=${TAKEN}
rm -f -- "request-$2"
exit "\${taken:-0}"`;

/**
 * Root writes nothing into a directory of the daemon's user but as that user, who may have put links there. By a child: the
 * Node.js of Debian 13 refuses setuid to itself (CVE-2024-22017). Resolves with why nothing was put there, or `null`.
 */
const dropAsOwner = async (drop: string, id: string, files: readonly string[]): Promise<string | null> => {
  const opened = await Promise.all(files.map((file) => open(file)));
  try {
    const { uid, gid } = await stat(dirname(drop));
    const child = spawn('/bin/sh', ['-c', DROP, 'sh', drop, id], {
      stdio: ['ignore', 'ignore', 'pipe', ...opened.map(({ fd }) => fd)],
      ...(process.getuid?.() === 0 ? { uid, gid } : {}),
    });
    const exited = once(child, 'exit');
    const errors = child.stderr === null ? '' : await text(child.stderr);
    const [status] = await exited;
    if (status === TAKEN) return 'another release waits to be installed';
    return status === 0 ? null : `the release cannot be put into ${drop}: ${errors.trim()}`;
  } finally {
    await Promise.all(opened.map((file) => file.close()));
  }
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
    await pause(systemClock, LOOK_EVERY_MS, signal);
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
  const id = `hand-${randomUUID()}`;
  const hindrance = await dropAsOwner(places.drop, id, [`${base}.json`, `${base}.json.sig`, file]);
  if (hindrance !== null) return refuse(hindrance);
  return await follow(id, places, context);
};
