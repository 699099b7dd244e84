import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../faults/random.ts';
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
import { makeUpdates } from './station-updates.ts';

const run = promisify(execFile);
const KEPT_MEGABYTES = 1_000;

/** Steps of update-cut.sh, one to a machine. What a cut interrupts, the next machine goes on with. */
const steps = [
  ...['first-byte', 'copied', 'trial', 'commit', 'verified', 'commit', 'unpacked', 'trial', 'commit'],
  ...['switched', 'trial', 'commit', 'back', 'copied', 'commit', 'unpacked', 'commit', 'back', 'switched'],
  ...['trial', 'commit'],
];

/** Each at a random moment behind its step. A step takes a few seconds, a trial 45. */
const maxAfterS = (step: string): number => (step === 'trial' ? 20 : 4);
const SEED = Number(process.env['SEED'] ?? 1129);

/** One machine after the other on one disk: all of them as one run. */
const cutAgainAndAgain = async (folder: string): Promise<ServiceRun> => {
  const keptDisk = join(folder, 'kept.img');
  await run('truncate', ['-s', `${KEPT_MEGABYTES}M`, keptDisk]);
  await run('mkfs.ext4', ['-q', keptDisk]);
  const random = seededRandom(SEED);
  const outputs: string[] = [];
  for (const [index, step] of [...steps, 'end'].entries()) {
    const after = (random() * maxAfterS(step)).toFixed(2);
    const { output } = await runStation({
      script: 'update-cut.sh',
      folder,
      variables: `BOOT=${index + 1} STEP=${step} AFTER=${after}`,
      isTimeVirtual: false,
      keptDisk,
      cutOn: 'POWER-CUT',
    });
    outputs.push(output);
    const [cut] = /POWER-CUT .*/.exec(output) ?? [];
    if (step !== 'end') expect(cut, output.slice(-4_000)).toContain(`POWER-CUT ${step}`);
    console.info(`seed ${SEED}, machine ${index + 1}: ${cut ?? output.match(/RESULTS .*/)?.[0]}`);
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

  it('takes configuration from afar and comes back from a bad one, beside updates by jobs', {
    timeout: HOST_LIMIT_MS,
  }, async () => {
    const life = await runStation({ script: 'remote.sh', folder, isTimeVirtual: false });

    expectChecks(life, 'good-is-kept', 'next-goes-back', 'starts-without', 'values-at-last');
    expectNothingLost(life);
    expectEveryTip(life);
  });

  it('does two update jobs that come at once, one after the other', { timeout: HOST_LIMIT_MS }, async () => {
    const life = await runStation({ script: 'two-jobs.sh', folder, isTimeVirtual: false });

    expectChecks(life, 'one-is-kept', 'two-is-kept', 'two-runs', 'values-at-last');
    expectNothingLost(life);
    expectEveryTip(life);
  });

  it('comes to an end when the power is cut at random moments from the first byte to the commit', {
    timeout: 2 * HOST_LIMIT_MS,
  }, async () => {
    const life = await cutAgainAndAgain(folder);

    const boots = steps.length + 1;
    expectChecks(life, ...Array.from({ length: boots }, (_, index) => `complete-${index + 1}`));
    expectChecks(life, `values-${boots}`, 'no-answer-is-owed');
    expectNothingLost(life);
    expectEveryTip(life);
  });
});
