import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GpiodTools } from '../../src/gpio/gpiomon/gpiod-tools.ts';
import { createGpiomonEdgeSource } from '../../src/gpio/gpiomon/gpiomon-edge-source.ts';
import type { Edge } from '../../src/gpio/lines.ts';
import { systemClock } from '../../src/time/clock.ts';
import { describeEdgeSource } from '../contract/edge-source.ts';
import { createManualClock } from '../fakes/clock.ts';

const KINDS = { 1: { falling: 0, rising: 1 }, 2: { falling: 2, rising: 1 } } as const;

const kernelText = (line: number, version: 1 | 2 = 1, edge: 'falling' | 'rising' = 'falling'): string => {
  const kind = KINDS[version][edge];
  const nowNs = process.hrtime.bigint();
  const [seconds, nanoseconds] = [nowNs / 1_000_000_000n, nowNs % 1_000_000_000n];
  return version === 1
    ? `${line} ${kind} ${seconds}.${nanoseconds}\n`
    : `${line} ${kind} ${seconds}.${String(nanoseconds).padStart(9, '0')}\n`;
};

/** A child that prints what it is told to, in place of gpiomon on lines of which there are none here. */
const createStandIn = (tools: GpiodTools) => {
  const input = new PassThrough();
  const standIn = {
    lines: [] as number[],
    /** What happens at the next start. */
    starts: [] as (readonly string[])[],
    spawnGpiomon: (args: readonly string[]) => {
      standIn.starts.push(args);
      standIn.lines = args.slice(-2).map(Number).filter(Number.isInteger);
      const child = spawn('cat', [], { stdio: ['pipe', 'pipe', 'pipe'] });
      input.on('data', (text) => child.stdin.writable && child.stdin.write(text));
      child.stdin.on('error', () => undefined);
      return child;
    },
    write: (text: string) => input.write(text),
    findTools: () => Promise.resolve(tools),
    freeLines: () => Promise.resolve(),
    countLineRequests: () => Promise.resolve(2),
    clock: systemClock,
  };
  return standIn;
};

for (const version of [1, 2] as const) {
  describeEdgeSource(`gpiomon ${version}`, () => {
    const standIn = createStandIn({ version, chip: 'gpiochip0' });
    return Promise.resolve({
      source: createGpiomonEdgeSource(standIn),
      lines: [5, 6],
      otherLine: 13,
      pulse: (line) => {
        for (const edge of ['falling', 'rising'] as const) {
          if (standIn.lines.includes(line)) standIn.write(kernelText(line, version, edge));
        }
        return Promise.resolve();
      },
    });
  });
}

describe('gpiomon as a child', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpiomon-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const shell = (script: string) => () => spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });

  const watchWith = (options: Partial<Parameters<typeof createGpiomonEdgeSource>[0]>) => {
    const source = createGpiomonEdgeSource({
      clock: systemClock,
      findTools: () => Promise.resolve({ version: 1, chip: 'gpiochip0' }),
      freeLines: () => Promise.resolve(),
      countLineRequests: () => Promise.resolve(2),
      ...options,
    });
    const edges: Edge[] = [];
    const faults: (string | null)[] = [];
    const armed = source.watch(
      [5, 6],
      (edge) => edges.push(edge),
      (fault) => faults.push(fault?.message ?? null),
    );
    return { source, edges, faults, armed: armed.catch((error: unknown) => error) };
  };

  it('is started once its lines are free', async () => {
    const steps: string[] = [];
    const { source, armed } = watchWith({
      freeLines: async (lines) => {
        await systemClock.sleep(20);
        steps.push(`freed ${lines.join(' ')}`);
      },
      spawnGpiomon: (_args) => {
        steps.push('started');
        return shell('exec sleep 60')();
      },
    });

    await armed;
    await source.close();

    expect(steps).toEqual(['freed 5 6', 'started']);
  });

  it('is started again when it ends, and says both', async () => {
    const { source, edges, faults, armed } = watchWith({
      spawnGpiomon: shell('echo "5 0 10.5"; echo "lost the chip" >&2; sleep 0.2; exit 1'),
    });

    await vi.waitFor(() => expect(edges.length).toBeGreaterThanOrEqual(2), 60_000);
    await source.close();

    await armed;
    expect(faults.slice(0, 2)).toEqual(['gpiomon ended (status 1) lost the chip', null]);
  });

  it('is started again at growing intervals while it never gets its lines', async () => {
    const clock = createManualClock({ isAutomatic: true });
    const startsMs: number[] = [];
    const { source, armed } = watchWith({
      clock,
      findTools: () => {
        startsMs.push(clock.monotonicMs());
        return Promise.reject(new Error('no GPIO chip'));
      },
    });

    await vi.waitFor(() => expect(startsMs.length).toBeGreaterThanOrEqual(10), 60_000);
    await source.close();

    const pausesMs = startsMs.slice(1, 10).map((atMs, index) => atMs - (startsMs[index] ?? 0));
    expect(pausesMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
    expect(await armed).toEqual(new Error('the edge source was closed'));
  });

  it('may have printed an edge where it printed something unreadable', async () => {
    const { source, edges } = watchWith({
      spawnGpiomon: shell('echo "5 0 10.5"; echo "5 0 1"; echo "6 0 11.5"; exec sleep 60'),
    });

    await vi.waitFor(() => expect(edges.map(({ line }) => line)).toEqual([5, 6]), 60_000);

    expect(source.suspectedMissed()).toBe(1);
    await source.close();
  });

  it('is armed once it holds a request for each line, not before', async () => {
    let requests = 0;
    let isArmed = false;
    const { source, armed } = watchWith({
      spawnGpiomon: shell('exec sleep 60'),
      countLineRequests: () => Promise.resolve(requests),
    });
    void armed.then(() => {
      isArmed = true;
    });
    requests = 1;
    await systemClock.sleep(50);
    expect(isArmed).toBe(false);
    requests = 2;

    await armed;
    await source.close();
  });

  it('counts as armed where its files cannot be looked into', async () => {
    const clock = createManualClock({ isAutomatic: true });
    const { source, armed } = watchWith({
      clock,
      spawnGpiomon: shell('exec sleep 60'),
      countLineRequests: () => Promise.resolve(0),
    });

    expect(await armed).toBeUndefined();
    await source.close();
  });

  it('is missed with the way to get it', async () => {
    const { source, faults, armed } = watchWith({
      findTools: () => Promise.reject(new Error("libgpiod's tools do not work: install the package gpiod")),
    });

    await vi.waitFor(() => expect(faults).toHaveLength(1), 60_000);
    await source.close();

    expect(faults).toEqual(["libgpiod's tools do not work: install the package gpiod"]);
    await armed;
  });

  it('that cannot be started at all is a fault', async () => {
    const { source, faults, armed } = watchWith({
      spawnGpiomon: () => spawn(join(folder, 'none'), { stdio: ['ignore', 'pipe', 'pipe'] }),
      countLineRequests: () => Promise.resolve(0),
    });

    await vi.waitFor(() => expect(faults[0]).toMatch(/^gpiomon did not start: spawn .* ENOENT$/), 60_000);
    await source.close();
    await armed;
  });

  it('does not outlive a close that comes while it is being started', async () => {
    let find = (_tools: GpiodTools): void => undefined;
    const child = shell('exec sleep 60')();
    const { source, armed } = watchWith({
      findTools: () =>
        new Promise((resolve) => {
          find = resolve;
        }),
      spawnGpiomon: () => child,
    });
    const closing = source.close();
    find({ version: 1, chip: 'gpiochip0' });

    await closing;
    await armed;
    expect(child.signalCode).toBe('SIGTERM');
  });

  it('complains as it does here, where there is no such chip', async () => {
    const source = createGpiomonEdgeSource({ clock: systemClock });
    const faults: (Error | null)[] = [];
    const armed = source.watch(
      [5],
      () => undefined,
      (fault) => faults.push(fault),
    );

    await vi.waitFor(() => expect(faults).toHaveLength(1), 60_000);
    await source.close();
    await armed.catch(() => undefined);

    expect(faults[0]).toBeInstanceOf(Error);
  });
});
