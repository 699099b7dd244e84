// Power cuts over the board's own controller of the card, on which the root is: only by name, as each boot takes a minute or more.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Cut,
  expectNamesInOrder,
  expectNothingMissing,
  expectRainKept,
  lookInto,
  momentOf,
  reportedIn,
  stationConfiguration,
} from '../vm/power-cuts.ts';
import { debianPackageFor } from './debian-package.ts';
import { armFolder, runArmMachine } from './machine.ts';

const run = promisify(execFile);
const CUTS = 10;
const SEED = 3;
const LIMIT_MS = 7_200_000;

/** Debian 13 with the package on a card: ext4 with a journal, which the test makes. */
const makeCard = async (folder: string): Promise<string> => {
  const card = join(folder, 'card.img');
  const mounted = join(folder, 'mounted');
  await run('cp', ['--sparse=always', join(armFolder, 'card.img'), card]);
  await run('tune2fs', ['-j', card]);
  const script =
    'mkdir "$2" && mount -o loop "$1" "$2" && dpkg-deb --fsys-tarfile "$3" | tar -x --keep-directory-symlink -C "$2"; umount "$2"';
  await run('sh', ['-c', script, 'sh', card, mounted, await debianPackageFor('arm64')]);
  return card;
};

const cutAgainAndAgain = async (folder: string): Promise<Cut[]> => {
  const card = await makeCard(folder);
  const cuts: Cut[] = [];
  for (let index = 0; index < CUTS; index += 1) {
    const moment = momentOf(SEED, index);
    const { end, output } = await runArmMachine({
      board: 'raspi3b',
      kernel: 'arm64',
      script: 'power-cut.sh',
      files: { 'power-cut.yaml': stationConfiguration },
      variables: `CONFIGURATION=/vm/files/power-cut.yaml ${moment}`,
      keptCard: card,
      cutOn: 'POWER-CUT',
      limitSeconds: 900,
    });
    expect(end, output.slice(-2_000)).toBe('power-cut');
    const cut = { moment, reported: reportedIn(output), found: await lookInto(card, '/data', folder) };
    const { reported, found } = cut;
    process.stdout.write(
      `cut ${index + 1}: ${moment}, reported ${reported.length}, found ${found.names.length}\n`,
    );
    cuts.push(cut);
  }
  return cuts;
};

describe('a Raspberry Pi 3 Model B whose power is cut again and again', () => {
  let folder = '';
  let cuts: Cut[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weather-gateway-card-'));
    cuts = await cutAgainAndAgain(folder);
  }, LIMIT_MS);
  afterAll(() => rm(folder, { recursive: true }));

  it('loses no reading that it had reported as taken', () => {
    expect(cuts.filter(({ reported }) => reported.length > 0).length).toBeGreaterThan(CUTS / 2);
    expectNothingMissing(cuts);
  });

  it('never gives a name twice, leaves no hole and begins an epoch with each start that stores', () => {
    expectNamesInOrder(cuts);
  });

  it('never goes back in the total of rain', () => {
    expectRainKept(cuts);
  });
});
