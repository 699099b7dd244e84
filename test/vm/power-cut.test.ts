import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openOutbox } from '../../src/outbox/open-outbox.ts';
import { uniform } from '../../src/simulation/noise.ts';
import { timeOf } from '../../src/uplink/stored-bodies.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { waitingIn } from '../fakes/outbox-bodies.ts';
import { runMachine } from './machine.ts';

const run = promisify(execFile);

/** Cuts in a row on one disk; two such disks take a core each. */
const CUTS = 10;
const SEEDS = [1, 2];
const DISK_MEGABYTES = 48;
const HOST_LIMIT_MS = 2_500_000;
/** One cut in five comes while the store is being opened, the others up to so many readings later. */
const EARLY_SHARE = 0.2;
const MAX_READINGS = 5;
const MAX_DELAY_SECONDS = 1.2;

/** Readings by their names, `epoch seq`. */
type Found = { readonly names: readonly string[]; readonly tips: number };
type Cut = { readonly moment: string; readonly reported: readonly string[]; readonly found: Found };

/** What the next boot would find: the journal replayed, the store opened. */
const lookInto = async (disk: string, folder: string): Promise<Found> => {
  const copy = join(folder, 'copy.img');
  const files = join(folder, 'files');
  await copyFile(disk, copy);
  // Status 1: it had something to replay or mend.
  await run('e2fsck', ['-fy', copy]).catch((error: { code?: number }) => {
    if (error.code !== 1) throw error;
  });
  await rm(files, { recursive: true, force: true });
  await mkdir(files);
  await run('debugfs', ['-R', `rdump / ${files}`, copy]);
  const { outbox, store } = await openOutbox({
    directory: files,
    maxBytes: 100_000_000,
    log: createRecordingLog(),
    wallMs: () => Date.now(),
    timeOf,
  });
  try {
    const records = await waitingIn(outbox, 'reading');
    const tips = Number((await outbox.getState('rainTips')) ?? 0);
    return { names: records.map(({ epoch, seq }) => `${epoch} ${seq}`), tips };
  } finally {
    await outbox.close();
    await store.close();
  }
};

/** Drawn by the seed, as settings of test/vm/guest/power-cut.sh. */
const momentOf = (seed: number, index: number): string => {
  const draw = (what: number): number => uniform(seed, 3 * index + what);
  const isEarly = draw(0) < EARLY_SHARE;
  const text = isEarly ? 'weather-gateway starts' : 'a reading is stored';
  const times = isEarly ? 1 : 1 + Math.floor(draw(1) * MAX_READINGS);
  return `AFTER="${text}" TIMES=${times} DELAY=${(draw(2) * MAX_DELAY_SECONDS).toFixed(3)}`;
};

const cutAgainAndAgain = async (seed: number, folder: string): Promise<Cut[]> => {
  const disk = join(folder, 'disk.img');
  const config = join(folder, 'gateway.yaml');
  await writeFile(
    config,
    [
      'station: { id: vm, name: VM }',
      'aws: { endpoint: localhost, port: 9, certificate: /nowhere.pem, privateKey: /nowhere.key }',
      'reporting: { intervalSeconds: 1 }',
      'outbox: { directory: /data }',
      'sensors: { bme280: {}, windVane: {}, anemometer: { gpio: 5 }, rainGauge: { gpio: 6 } }',
      'http: { port: 0 }',
      'log: { level: debug }',
    ].join('\n'),
  );
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
      limitSeconds: 600,
    });
    expect(end, output.slice(-2_000)).toBe('power-cut');
    const stored = output.matchAll(/"epoch":"(\w+)","seq":(\d+)[^\n]*"msg":"a reading is stored"/g);
    const reported = [...stored].map(([, epoch, seq]) => `${epoch} ${seq}`);
    cuts.push({ moment, reported, found: await lookInto(disk, folder) });
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
    for (const cuts of runs) {
      const reported = new Set<string>();
      for (const cut of cuts) {
        for (const name of cut.reported) reported.add(name);
        const missing = [...reported].filter((name) => !cut.found.names.includes(name));
        expect(missing, cut.moment).toEqual([]);
      }
    }
  });

  it('never gives a name twice, leaves no hole and begins an epoch with each start that stores', () => {
    for (const cuts of runs) {
      const reported = cuts.flatMap((cut) => cut.reported);
      expect(new Set(reported).size).toBe(reported.length);
      const epochs = cuts.map((cut) => new Set(cut.reported.map((name) => name.split(' ')[0])));
      for (const each of epochs) expect(each.size).toBeLessThanOrEqual(1);
      for (const { found } of cuts) {
        const seqs = found.names.map((name) => Number(name.split(' ')[1]));
        // In order, each number is the next one or begins an epoch.
        expect(seqs.filter((seq, index) => seq !== 1 && seq !== (seqs[index - 1] ?? 0) + 1)).toEqual([]);
      }
    }
  });

  it('never goes back in the total of rain', () => {
    for (const cuts of runs) {
      const tips = cuts.map(({ found }) => found.tips);
      expect(tips).toEqual(tips.toSorted((a, b) => a - b));
      expect(tips.at(-1)).toBeGreaterThan(0);
    }
  });
});
