import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { alone, atMost, type Bench } from './figure.ts';
import { cpuSeconds } from './process-usage.ts';

// The built program over a year of a table, at a reading every 12 s for the processor and every minute for the memory.
const YEAR_SECONDS = 365 * 86_400;
const LINES_AT_ONCE = 10_000;
const LOOK_MS = 50;

/** A year with days, seasons, showers and the noise of instruments: the same in each run. */
const yearOf = function* (stepSeconds: number): Generator<string> {
  let state = 1;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  let [cloud, pressure, wind, direction, wetSteps] = [0, 1013, 10, 200, 0];
  let lines = 'datetime,temperature,humidity,pressure,windintensity,windgust,winddirection,rainheight\n';
  const steps = YEAR_SECONDS / stepSeconds;
  for (let step = 0; step < steps; step += 1) {
    const atMs = Date.UTC(2025, 0, 1) + step * stepSeconds * 1_000;
    const day = Math.sin(2 * Math.PI * (atMs / 86_400_000 - 0.3));
    const season = -Math.cos((2 * Math.PI * step) / steps);
    cloud += (random() - 0.5) * 0.02 - cloud * 0.0005;
    pressure += (random() - 0.5) * 0.02 - (pressure - 1013) * 1e-5;
    wind = Math.max(0, wind + (random() - 0.5) * 1.2 - (wind - 10) * 0.01);
    direction = (direction + (random() - 0.5) * 20 + 360) % 360;
    if (random() < 2e-5 * stepSeconds) wetSteps = random() * 600;
    wetSteps -= 1;
    const rain = wetSteps > 0 && random() < 0.004 * stepSeconds ? 0.2794 : 0;
    const values = [
      (10 + 9 * season + 4 * day + cloud + (random() - 0.5) * 0.1).toFixed(2),
      Math.max(15, Math.min(100, 70 - 15 * day - 3 * cloud + (random() - 0.5) * 0.6)).toFixed(2),
      pressure.toFixed(2),
      wind.toFixed(2),
      (wind * (1.2 + random() * 0.5)).toFixed(2),
      wind < 1 ? '' : direction.toFixed(1),
      rain,
    ];
    lines += `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')},${values.join(',')}\n`;
    if (step % LINES_AT_ONCE !== 0) continue;
    yield lines;
    lines = '';
  }
  yield lines;
};

type Cost = { readonly cpuSeconds: number; readonly peakMegabytes: number };

const replay = async (file: string): Promise<Cost> => {
  const child = spawn(process.execPath, [
    'dist/main.js',
    ...['replay', file, '--json', '--config', 'config/gateway.yaml'],
  ]);
  child.stdout.resume();
  child.stderr.resume();
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const pid = child.pid ?? 0;
  let cost: Cost = { cpuSeconds: 0, peakMegabytes: 0 };
  // It is asked until it is gone: the last answer is at most one look old.
  for (let isThere = true; isThere; await delay(LOOK_MS)) {
    try {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
      if (peak !== undefined)
        cost = { cpuSeconds: await cpuSeconds(pid), peakMegabytes: Number(peak) / 1_000 };
    } catch {
      isThere = false;
    }
  }
  if ((await exit) !== 0) throw new Error(`replay of ${file} failed`);
  return cost;
};

/** Needs `npm run build`. */
export const replayYear: Bench = {
  name: 'replay',
  measure: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weather-gateway-replay-'));
    try {
      const costOf = async (stepSeconds: number): Promise<Cost> => {
        const file = join(folder, `${stepSeconds}.csv`);
        await pipeline(Readable.from(yearOf(stepSeconds)), createWriteStream(file));
        return replay(file);
      };
      const fine = await costOf(12);
      const minutes = await costOf(60);
      return [
        alone({
          name: 'replay of a year, a reading in 12 s',
          unit: 's of CPU',
          ours: fine.cpuSeconds,
          goal: atMost('s', fine.cpuSeconds, 120),
        }),
        alone({
          name: 'most resident memory of it, a reading in a minute',
          unit: 'MB',
          ours: minutes.peakMegabytes,
          goal: atMost('MB', minutes.peakMegabytes, 100),
        }),
      ];
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};
