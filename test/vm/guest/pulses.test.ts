import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EdgeSource } from '../../../src/buses/edge-source.ts';
import { createGpiomonEdgeSource } from '../../../src/buses/gpiomon-edge-source.ts';
import { createOnoffEdgeSource, forkOnoffChild } from '../../../src/buses/onoff-edge-source.ts';
import { systemClock } from '../../../src/clock.ts';
import { sensorsSchema } from '../../../src/config/sensors-schema.ts';
import type { RawMeasurement } from '../../../src/reading.ts';
import { createSampler } from '../../../src/sampler.ts';
import { createSimulatedI2cBus } from '../../../src/simulation/simulated-i2c-bus.ts';
import { createRecordingLog } from '../../fakes/log.ts';
import { createFakeSavedState } from '../../fakes/saved-state.ts';

const SECONDS = 60;
const KMH_PER_HZ = 2.4;
const MM_PER_TIP = 0.2794;

/** The daemon's sampling on these lines, and the edges of the wind line as they come out of the backend. */
const startStation = async (edgeSource: EdgeSource, wind: number, rain: number) => {
  let windEdges = 0;
  let isArmed = (): void => undefined;
  const armed = new Promise<void>((resolve) => {
    isArmed = resolve;
  });
  const counting: EdgeSource = {
    timestamps: edgeSource.timestamps,
    suspectedMissed: () => edgeSource.suspectedMissed(),
    close: () => edgeSource.close(),
    watch: async (lines, onEdge, onFault) => {
      await edgeSource.watch(
        lines,
        (edge) => {
          if (edge.line === wind) windEdges += 1;
          onEdge(edge);
        },
        onFault,
      );
      isArmed();
    },
  };
  const outbox = createFakeSavedState();
  const sampler = await createSampler({
    sensors: sensorsSchema.parse({
      anemometer: { gpio: wind, kmhPerHz: KMH_PER_HZ },
      rainGauge: { gpio: rain, mmPerTip: MM_PER_TIP },
    }),
    buses: {
      i2cBus: createSimulatedI2cBus({ chips: new Map() }),
      edgeSource: counting,
      openOutputLine: () => Promise.reject(new Error('no output here')),
      close: () => edgeSource.close(),
    },
    clock: systemClock,
    log: createRecordingLog(),
    outbox,
    timeKeeper: {
      now: () => ({
        bootId: 'vm',
        monotonicMs: systemClock.monotonicMs(),
        wallMs: Date.now(),
        synchronized: true,
      }),
    },
    progress: { noteSample: () => undefined },
    intervalMs: 5_000,
  });
  const readings: RawMeasurement[] = [];
  const stop = new AbortController();
  const running = sampler.run(stop.signal, async (raw, state) => {
    readings.push(raw);
    await outbox.putState(state);
    return true;
  });
  await armed;
  return {
    readings,
    counts: () => ({
      windEdges,
      rainTips: outbox.entries.get('rainTips'),
      suspectedMissed: sampler.suspectedMissedPulses(),
    }),
    stop: async () => {
      stop.abort();
      await running;
      await edgeSource.close();
    },
  };
};

const busyWait = (ms: number): void => {
  const untilMs = systemClock.monotonicMs() + ms;
  while (systemClock.monotonicMs() < untilMs);
};

describe('100 Hz of wind and a shower, the event loop stalled 50 ms in every 200 and the core shared', () => {
  it('reach the readings: all through gpiomon, nearly all through onoff, which says so', async () => {
    const onoffChild = fileURLToPath(new URL('../../../dist/buses/onoff-child.js', import.meta.url));
    const clock = systemClock;
    const gpiomon = await startStation(createGpiomonEdgeSource({ clock }), 5, 6);
    const onoff = await startStation(
      createOnoffEdgeSource({ clock, startChild: () => forkOnoffChild(onoffChild) }),
      13,
      19,
    );
    // More than one runs for each core: nobody is served at once.
    const hogs = [1, 2].map(() => spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
    const stalls = setInterval(() => busyWait(50), 200);

    const contacts = fileURLToPath(new URL('contacts.py', import.meta.url));
    const { stdout } = await promisify(execFile)('chrt', [
      ...['--fifo', '40', '/usr/bin/python3', contacts],
      ...[String(SECONDS), '5,13', '6,19'],
    ]);
    clearInterval(stalls);
    for (const hog of hogs) hog.kill();
    await systemClock.sleep(6_000);
    await Promise.all([gpiomon.stop(), onoff.stop()]);

    const [sent = 0, tips = 0, lateMs = 0] = stdout.trim().split(' ').map(Number);
    const found = { gpiomon: gpiomon.counts(), onoff: onoff.counts() };
    process.stdout.write(`\npulses: ${JSON.stringify({ sent, tips, lateMs, ...found })}\n`);
    expect(found.gpiomon).toEqual({ windEdges: sent, rainTips: tips, suspectedMissed: 0 });
    expect(found.onoff.rainTips).toBe(tips);
    expect(found.onoff.windEdges).toBeGreaterThan(0.95 * sent);
    expect(found.onoff.windEdges + found.onoff.suspectedMissed).toBeGreaterThanOrEqual(sent);
    for (const { readings } of [gpiomon, onoff]) {
      const rainMm = readings.reduce((sum, { values }) => sum + (values.rainheight ?? 0), 0);
      expect(rainMm).toBeCloseTo(tips * MM_PER_TIP, 9);
    }
    const steadyKmh = gpiomon.readings.slice(2, SECONDS / 5 - 2).map(({ values }) => values.windintensity);
    for (const kmh of steadyKmh) expect(Math.abs((kmh ?? 0) - 100 * KMH_PER_HZ)).toBeLessThan(3);
  }, 120_000);
});
