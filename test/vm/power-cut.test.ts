import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runMachine } from './machine.ts';
import {
  type Cut,
  expectNamesInOrder,
  expectNothingMissing,
  expectRainKept,
  lookInto,
  momentOf,
  reportedIn,
  stationConfiguration,
} from './power-cuts.ts';

const run = promisify(execFile);

/** Cuts in a row on one disk; two such disks take a core each. */
const CUTS = 10;
const SEEDS = [1, 2];
const DISK_MEGABYTES = 48;
const HOST_LIMIT_MS = 2_500_000;

const cutAgainAndAgain = async (seed: number, folder: string): Promise<Cut[]> => {
  const disk = join(folder, 'disk.img');
  const config = join(folder, 'gateway.yaml');
  await writeFile(config, stationConfiguration);
  await run('truncate', ['-s', `${DISK_MEGABYTES}M`, disk]);
  await run('mkfs.ext4', ['-q', '-F', disk]);
  const cuts: Cut[] = [];
  for (let index = 0; index < CUTS; index += 1) {
    const moment = momentOf(seed, index);
    const { end, output } = await runMachine({
      script: `CONFIG=${config} ${moment}
. test/vm/guest/power-cut.sh`,
      disks: [inject('releaseDisk'), disk],
      cutOn: 'POWER-CUT',
      limitSeconds: 1_800,
    });
    expect(end, output.slice(-2_000)).toBe('power-cut');
    cuts.push({ moment, reported: reportedIn(output), found: await lookInto(disk, '/', folder) });
  }
  return cuts;
};

describe('a station whose power is cut again and again', () => {
  let folders: string[] = [];
  let runs: Cut[][] = [];

  beforeAll(async () => {
    folders = await Promise.all(SEEDS.map(() => mkdtemp(join(tmpdir(), 'weather-gateway-power-'))));
    runs = await Promise.all(SEEDS.map((seed, index) => cutAgainAndAgain(seed, folders[index] ?? '')));
  }, HOST_LIMIT_MS);
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  it('took readings before most of the cuts, and was cut at start as well', () => {
    const counts = runs.flat().map(({ reported }) => reported.length);

    expect(counts.length).toBeGreaterThanOrEqual(20);
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(10);
  });

  it('has every reading that it had reported as taken, under the name it had reported', () => {
    for (const cuts of runs) expectNothingMissing(cuts);
  });

  it('never gives a name twice, leaves no hole and begins an epoch with each start that stores', () => {
    for (const cuts of runs) expectNamesInOrder(cuts);
  });

  it('never goes back in the total of rain', () => {
    for (const cuts of runs) expectRainKept(cuts);
  });
});
