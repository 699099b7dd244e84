// Power cuts in a row on one disk: when they come, what is found afterwards, and what must hold of all of them.
import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { openOutbox } from '../../src/outbox/open-outbox.ts';
import { uniform } from '../../src/simulation/noise.ts';
import { timeOf } from '../../src/uplink/outgoing.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { waitingIn } from '../fakes/outbox-bodies.ts';

const run = promisify(execFile);

/** One cut in five comes while the store is being opened, the others up to so many readings later. */
const EARLY_SHARE = 0.2;
const MAX_READINGS = 5;
const MAX_DELAY_SECONDS = 1.2;

/** Readings by their names, `epoch seq`. */
type Found = { readonly names: readonly string[]; readonly tips: number };
export type Cut = { readonly moment: string; readonly reported: readonly string[]; readonly found: Found };

/** Of the station, as the guest's power-cut.sh runs it. */
export const stationConfiguration = [
  'station: { id: vm, name: VM }',
  'aws: { endpoint: localhost, port: 9, certificate: /nowhere.pem, privateKey: /nowhere.key }',
  'reporting: { intervalSeconds: 1 }',
  'outbox: { directory: /data }',
  'sensors: { bme280: {}, windVane: {}, anemometer: { gpio: 5 }, rainGauge: { gpio: 6 } }',
  'http: { port: 0 }',
  'log: { level: debug }',
].join('\n');

/** Drawn by the seed, as settings of the guest's power-cut.sh. */
export const momentOf = (seed: number, index: number): string => {
  const draw = (what: number): number => uniform(seed, 3 * index + what);
  const isEarly = draw(0) < EARLY_SHARE;
  const text = isEarly ? 'weather-gateway starts' : 'a reading is stored';
  const times = isEarly ? 1 : 1 + Math.floor(draw(1) * MAX_READINGS);
  return `AFTER="${text}" TIMES=${times} DELAY=${(draw(2) * MAX_DELAY_SECONDS).toFixed(3)}`;
};

/** The names of the readings that the daemon reported as stored. */
export const reportedIn = (output: string): string[] =>
  [...output.matchAll(/"epoch":"(\w+)","seq":(\d+)[^\n]*"msg":"a reading is stored"/g)].map(
    ([, epoch, seq]) => `${epoch} ${seq}`,
  );

/** What the next boot would find in `place` of the disk: the journal replayed, the store opened. */
export const lookInto = async (disk: string, place: string, folder: string): Promise<Found> => {
  const copy = join(folder, 'copy.img');
  const files = join(folder, 'files');
  await run('cp', ['--sparse=always', disk, copy]);
  // Status 1: it had something to replay or mend.
  await run('e2fsck', ['-fy', copy], { maxBuffer: 2 ** 26 }).catch((error: { code?: number }) => {
    if (error.code !== 1) throw error;
  });
  await rm(files, { recursive: true, force: true });
  await mkdir(files);
  await run('debugfs', ['-R', `rdump ${place} ${files}`, copy]);
  const { outbox, store } = await openOutbox({
    directory: join(files, place),
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

/** Each reading that was reported as taken is there, under the name that was reported. */
export const expectNothingMissing = (cuts: readonly Cut[]): void => {
  const reported = new Set<string>();
  for (const cut of cuts) {
    for (const name of cut.reported) reported.add(name);
    const missing = [...reported].filter((name) => !cut.found.names.includes(name));
    expect(missing, cut.moment).toEqual([]);
  }
};

/** No name is given twice, there is no hole, and an epoch begins with each start that stores. */
export const expectNamesInOrder = (cuts: readonly Cut[]): void => {
  const reported = cuts.flatMap((cut) => cut.reported);
  expect(new Set(reported).size).toBe(reported.length);
  const epochs = cuts.map((cut) => new Set(cut.reported.map((name) => name.split(' ')[0])));
  for (const each of epochs) expect(each.size).toBeLessThanOrEqual(1);
  for (const { found } of cuts) {
    const seqs = found.names.map((name) => Number(name.split(' ')[1]));
    // In order, each number is the next one or begins an epoch.
    expect(seqs.filter((seq, index) => seq !== 1 && seq !== (seqs[index - 1] ?? 0) + 1)).toEqual([]);
  }
};

/** The total of rain never goes back. */
export const expectRainKept = (cuts: readonly Cut[]): void => {
  const tips = cuts.map(({ found }) => found.tips);
  expect(tips).toEqual(tips.toSorted((a, b) => a - b));
  expect(tips.at(-1)).toBeGreaterThan(0);
};
