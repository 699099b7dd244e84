import { execFile } from 'node:child_process';
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeKeys, makeRelease, packRelease } from '../system/station-with-updates.ts';
import {
  expectChecks,
  expectEveryTip,
  expectNothingLost,
  HOST_LIMIT_MS,
  makeStationFolder,
  resultsIn,
  runStation,
  type ServiceRun,
} from './service-machine.ts';

const run = promisify(execFile);
const KEPT_MEGABYTES = 1_000;

/** The program of the staged release, behind lines of sh that see `$here`, its folder. */
const wrapped = async (release: string, lines: string): Promise<void> => {
  const main = join(release, 'dist/main.js');
  await rename(main, join(release, 'dist/whole.js'));
  const script = `#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\n${lines}\nexec node "$here/whole.js" "$@"\n`;
  await writeFile(main, script, { mode: 0o755 });
};

const staged = async (release: string, version: string): Promise<void> => {
  await cp(inject('release'), release, { recursive: true, verbatimSymlinks: true });
  // As make-release.sh does: a station takes no links.
  await run('find', [release, '-name', '.bin', '-prune', '-exec', 'rm', '-r', '{}', '+']);
  const file = join(release, 'package.json');
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), version }));
};

/** What happens on the station, by the version. */
const releases: Readonly<Record<string, (release: string, version: string) => Promise<void>>> = {
  // Kept.
  '9.1.0': staged,
  // Does not start.
  '9.2.0': async (release, version) => {
    await makeRelease(release, version);
    await writeFile(join(release, 'dist/main.js'), '#!/bin/sh\nexit 1\n');
  },
  // Starts, measures, and cannot connect.
  '9.3.0': async (release, version) => {
    await staged(release, version);
    await wrapped(
      release,
      `[ "$1" != run ] || {
  sed 's/endpoint: .*/endpoint: nowhere.invalid/' /etc/weather-gateway/gateway.yaml >"$RUNTIME_DIRECTORY/gateway.yaml"
  export WEATHER_GATEWAY_CONFIG="$RUNTIME_DIRECTORY/gateway.yaml"
}`,
    );
  },
  // Delivers, and crashes after a while, again and again.
  '9.4.0': async (release, version) => {
    await staged(release, version);
    await wrapped(release, '[ "$1" != run ] || { sleep 25; kill -9 $$; } &');
  },
  // Older.
  '0.1.0': makeRelease,
};

const makeUpdates = async (folder: string): Promise<void> => {
  await makeKeys(folder);
  for (const [version, make] of Object.entries(releases)) {
    const release = join(folder, version);
    await make(release, version);
    await packRelease(
      join(folder, `update-${version}`),
      release,
      { key: join(folder, 'now') },
      { unpackedSize: 100_000_000 },
    );
    await rm(release, { recursive: true });
  }
};

/** Moments of update-cut.sh, in their order; at the last one nothing is cut. */
const moments = ['unpacking', 'switched', 'committed', 'back', 'none'];

/** One machine after the other on one disk: all of them as one run. */
const cutAgainAndAgain = async (folder: string): Promise<ServiceRun> => {
  const keptDisk = join(folder, 'kept.img');
  await run('truncate', ['-s', `${KEPT_MEGABYTES}M`, keptDisk]);
  await run('mkfs.ext4', ['-q', keptDisk]);
  const outputs: string[] = [];
  for (const moment of moments) {
    const { output } = await runStation({
      script: 'update-cut.sh',
      folder,
      variables: `MOMENT=${moment}`,
      isTimeVirtual: false,
      keptDisk,
      cutOn: 'POWER-CUT',
    });
    outputs.push(output);
    if (moment !== 'none') expect(output, output.slice(-4_000)).toContain(`POWER-CUT ${moment}`);
  }
  return resultsIn(outputs.join('\n'));
};

describe('an installed station that takes updates under systemd', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await makeStationFolder();
    await makeUpdates(folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('keeps a good release, and goes back from bad ones without losing a reading', {
    timeout: HOST_LIMIT_MS,
  }, async () => {
    const life = await runStation({ script: 'update.sh', folder });

    expectChecks(life, 'values-at-last');
    expectNothingLost(life);
    expectEveryTip(life);
    expect(life.readings.length).toBeGreaterThan(80);
  });

  it('comes to the same end when the power is cut at the worst moments', {
    timeout: HOST_LIMIT_MS,
  }, async () => {
    const life = await cutAgainAndAgain(folder);

    expectChecks(life, 'values-unpacking', 'values-committed', 'values-back', 'values-none');
    expectNothingLost(life);
    expectEveryTip(life);
  });
});
