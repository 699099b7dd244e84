import { execFile, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createSimulatedSysfs } from '../../../src/buses/station-buses.ts';
import { sensorsSchema } from '../../../src/config/schema.ts';
import { createGpiomonEdgeSource } from '../../../src/gpio/gpiomon/gpiomon-edge-source.ts';
import type { EdgeSource } from '../../../src/gpio/lines.ts';
import { createOnoffEdgeSource, forkOnoffChild } from '../../../src/gpio/onoff/onoff-edge-source.ts';
import { configuredInstruments } from '../../../src/instruments/catalogue.ts';
import { createBounceFilter } from '../../../src/instruments/contacts.ts';
import { StationInstruments } from '../../../src/instruments/station-instruments.ts';
import { Sampler } from '../../../src/measuring/sampler.ts';
import { createSimulatedI2cBus } from '../../../src/simulation/simulated-i2c-bus.ts';
import { systemClock } from '../../../src/time/clock.ts';
import type { RawMeasurement } from '../../../src/weather/reading.ts';
import { createRecordingLog } from '../../fakes/log.ts';
import { createFakeSavedState } from '../../fakes/saved-state.ts';
import { installedLibgpiod, libgpiods, use } from './libgpiod.ts';

const run = promisify(execFile);

const SECONDS = 60;
/**
 * Two emulated cores take turns of 0.1 s, which the scheduler counts as time that a process had. gpiomon then waits up to 0.4 s,
 * and the kernel's queue holds 16 edges for each line that it watches. No real core waits so.
 */
const HZ = availableParallelism() === 1 ? 100 : 20;
const KMH_PER_HZ = 2.4;
const MM_PER_TIP = 0.2794;
/** Of the anemometer, by default. */
const LOCKOUT_MS = 4;

/** The daemon's sampling on these lines, and the closures of the wind line as they come out of the backend. */
const startStation = async (edgeSource: EdgeSource, wind: number, rain: number) => {
  let windEdges = 0;
  const isClosure = createBounceFilter(LOCKOUT_MS);
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
          if (edge.line === wind && isClosure(edge.atMs, edge.level)) windEdges += 1;
          onEdge(edge);
        },
        onFault,
      );
      isArmed();
    },
  };
  const outbox = createFakeSavedState();
  const sensors = sensorsSchema.parse({
    anemometer: { gpio: wind, kmhPerHz: KMH_PER_HZ },
    rainGauge: { gpio: rain, mmPerTip: MM_PER_TIP },
  });
  const instruments = await StationInstruments.open({
    instruments: configuredInstruments(sensors),
    buses: {
      i2cBus: createSimulatedI2cBus(new Map()),
      sysfs: createSimulatedSysfs(new Map()),
      procfs: createSimulatedSysfs(new Map()),
      edgeSource: counting,
      openOutputLine: () => Promise.reject(new Error('no output here')),
      close: () => edgeSource.close(),
    },
    clock: systemClock,
    log: createRecordingLog(),
    outbox,
  });
  const readings: RawMeasurement[] = [];
  const sampler = new Sampler({
    instruments,
    clock: systemClock,
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
    recorder: {
      deliver: async (raw, state) => {
        readings.push(raw);
        await outbox.putState(state);
        return true;
      },
    },
    takeInterim: () => Promise.resolve(),
  });
  const stop = new AbortController();
  const running = sampler.run(stop.signal);
  await armed;
  return {
    readings,
    counts: () => ({
      windEdges,
      rainTips: outbox.entries.get('rainTips'),
      suspectedMissed: instruments.suspectedMissedPulses(),
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

type Station = Awaited<ReturnType<typeof startStation>>;
type Backend = { readonly name: string; readonly station: Station };

/** One for each libgpiod. */
const startGpiomons = async (): Promise<Backend[]> => {
  const lines = [
    { wind: 5, rain: 6 },
    { wind: 16, rain: 26 },
  ];
  const backends: Backend[] = [];
  for (const [index, { wind, rain }] of lines.slice(0, libgpiods.length).entries()) {
    const libgpiod = libgpiods[index] ?? installedLibgpiod;
    use(libgpiod);
    const station = await startStation(createGpiomonEdgeSource({ clock: systemClock }), wind, rain);
    backends.push({ name: `gpiomon of ${libgpiod.name}`, station });
  }
  use(installedLibgpiod);
  return backends;
};

/** None where emulated cores take turns, which a backend without a queue cannot bear. */
const startOnoffs = async (): Promise<Backend[]> => {
  if (availableParallelism() > 1) return [];
  const onoffChild = fileURLToPath(new URL('../../../dist/gpio/onoff/onoff-child.js', import.meta.url));
  const source = createOnoffEdgeSource({
    clock: systemClock,
    startChild: () => forkOnoffChild(onoffChild),
  });
  return [{ name: 'onoff', station: await startStation(source, 13, 19) }];
};

/** Mean winds that are far from the rate, the first and the last intervals left out. */
const unsteadyKmhOf = ({ readings }: Station): number[] =>
  readings
    .slice(2, SECONDS / 5 - 2)
    .map(({ values }) => values.windintensity ?? 0)
    .filter((kmh) => Math.abs(kmh / (HZ * KMH_PER_HZ) - 1) > 0.05);

/** Moves all lines for a minute; resolves with closures and tips made, and by how much the minute was late. */
const moveContacts = async (): Promise<{ sent: number; tips: number; lateMs: number }> => {
  const contacts = fileURLToPath(new URL('contacts.py', import.meta.url));
  // What the kernel reads of a line it reads in a thread, which a real core does not let wait for another's turn.
  await run('sh', ['-c', 'for each in $(pgrep ^irq/); do taskset -p -c 0 $each; done']);
  const { stdout } = await run('taskset', [
    ...['-c', '0', 'chrt', '--fifo', '40', '/usr/bin/python3', contacts],
    ...[String(SECONDS), String(HZ), '5,13,16', '6,19,26', '6,19,26'],
  ]);
  const [sent = 0, tips = 0, lateMs = 0] = stdout.trim().split(' ').map(Number);
  return { sent, tips, lateMs };
};

describe(`${HZ} Hz of wind and a shower, the event loop stalled 50 ms in every 200 and all cores busy`, () => {
  it('reach the readings: all through gpiomon, nearly all through onoff, which says so', async () => {
    const gpiomons = await startGpiomons();
    const onoffs = await startOnoffs();
    const all = [...gpiomons, ...onoffs];
    // More than one runs for each core: nobody is served at once.
    const hogs = Array.from({ length: availableParallelism() + 1 }, () =>
      spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }),
    );
    const stalls = setInterval(() => busyWait(50), 200);

    const moved = await moveContacts();
    clearInterval(stalls);
    for (const hog of hogs) hog.kill();
    await systemClock.sleep(6_000);
    await Promise.all(all.map(({ station }) => station.stop()));

    const found = Object.fromEntries(all.map(({ name, station }) => [name, station.counts()]));
    process.stdout.write(
      `\npulses: ${JSON.stringify({ cores: availableParallelism(), ...moved, ...found })}\n`,
    );
    const { sent, tips } = moved;
    for (const { station } of gpiomons) {
      const { windEdges, ...others } = station.counts();
      expect(others).toEqual({ rainTips: tips, suspectedMissed: 0 });
      expect(windEdges).toBeLessThanOrEqual(sent);
      // Where emulated cores take turns, the kernel's queue for a line may overflow before gpiomon is served.
      expect(windEdges).toBeGreaterThanOrEqual(availableParallelism() > 1 ? 0.99 * sent : sent);
    }
    const unsteady = gpiomons.flatMap(({ station }) => unsteadyKmhOf(station));
    // Emulated cores that take turns keep the contacts waiting as well: the cups have no steady speed there.
    expect(unsteady.length === 0 || availableParallelism() > 1, unsteady.join()).toBe(true);
    for (const { station } of onoffs) {
      const { windEdges, suspectedMissed, rainTips } = station.counts();
      expect(rainTips).toBe(tips);
      expect(windEdges).toBeGreaterThan(0.95 * sent);
      expect(windEdges + suspectedMissed).toBeGreaterThanOrEqual(sent);
    }
    for (const { station } of all) {
      const rainMm = station.readings.reduce((sum, { values }) => sum + (values.rainheight ?? 0), 0);
      expect(rainMm).toBeCloseTo(tips * MM_PER_TIP, 9);
    }
  }, 180_000);
});
