import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SysfsNumbering } from '../../src/gpio/header-chip.ts';
import {
  createOnoffEdgeSource,
  forkOnoffChild,
  type OnoffChild,
} from '../../src/gpio/onoff/onoff-edge-source.ts';
import { type OnoffPackage, type WatchReport, watchWithOnoff } from '../../src/gpio/onoff/onoff-watch.ts';
import { type Clock, systemClock } from '../../src/time/clock.ts';
import { describeEdgeSource } from '../contract/edge-source.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createFakeOnoff, type FakeOnoff } from '../fakes/onoff.ts';

const BASE = 512;
const numbering: SysfsNumbering = (bcm) => BASE + bcm;

type ChildParts = {
  readonly loadOnoff: () => Promise<OnoffPackage>;
  readonly clock: Clock;
  readonly sysfsRoot: string;
  readonly taskFolder: string;
};

/** What the child process does, in this one. */
const createInProcessChild = (parts: ChildParts): OnoffChild => {
  const ending = new AbortController();
  let onReport = (_report: WatchReport): void => undefined;
  let onExit = (_reason: string): void => undefined;
  return {
    send: (request) => {
      const report = (each: WatchReport): void => onReport(each);
      void watchWithOnoff(request, { ...parts, report }, ending.signal).then(() => onExit('status 0'));
    },
    onReport: (listener) => {
      onReport = listener;
    },
    onExit: (listener) => {
      onExit = listener;
    },
    stop: () => ending.abort(),
  };
};

describe('onoff', () => {
  let sysfsRoot: string;
  let onoff: FakeOnoff;

  beforeEach(async () => {
    sysfsRoot = await mkdtemp(join(tmpdir(), 'onoff-'));
    onoff = createFakeOnoff();
  });
  afterEach(() => rm(sysfsRoot, { recursive: true }));

  const create = ({
    clock = systemClock,
    loadOnoff = async () => await Promise.resolve(onoff),
  }: Partial<ChildParts> = {}) =>
    createOnoffEdgeSource({
      clock,
      readNumbering: () => Promise.resolve(numbering),
      // A kernel that does not tell how long threads wait.
      startChild: () => createInProcessChild({ clock, loadOnoff, sysfsRoot, taskFolder: sysfsRoot }),
    });

  const pulse = (line: number): Promise<void> => {
    onoff.change(BASE + line, 0);
    onoff.change(BASE + line, 1);
    return Promise.resolve();
  };

  describeEdgeSource('onoff', () =>
    Promise.resolve({ source: create(), lines: [5, 6], otherLine: 13, pulse }),
  );

  const watch = (source: ReturnType<typeof create>) => {
    const lines: number[] = [];
    const faults: (string | null)[] = [];
    const armed = source.watch(
      [5, 6],
      ({ line, level }) => level === 0 && lines.push(line),
      (fault) => faults.push(fault?.message ?? null),
    );
    return { lines, faults, armed: armed.catch(() => undefined) };
  };

  it('knows no time but that of its process', () => {
    expect(create().timestamps).toBe('process');
  });

  it('gives its lines back when it is closed', async () => {
    const source = create();
    await watch(source).armed;
    expect(onoff.isExported(BASE + 5)).toBe(true);

    await source.close();

    expect([onoff.isExported(BASE + 5), onoff.isExported(BASE + 6)]).toEqual([false, false]);
  });

  it('takes back lines that a killed process left exported', async () => {
    await mkdir(join(sysfsRoot, `gpio${BASE + 5}`));
    const source = create();
    await watch(source).armed;

    expect(await readFile(join(sysfsRoot, 'unexport'), 'utf8')).toBe('517');
    await source.close();
  });

  it('does not trust a set-up that failed without a word', async () => {
    onoff.armedEdge = 'none';
    const source = create();
    const { faults } = watch(source);

    await vi.waitFor(
      () => expect(faults).toEqual(['GPIO 5 does not report edges: direction in, edge none']),
      60_000,
    );
    await source.close();
  });

  it('begins again after an error of a line', async () => {
    const source = create();
    const { faults, lines, armed } = watch(source);
    await armed;
    onoff.fail(BASE + 6, new Error('EPOLLERR'));

    await vi.waitFor(() => expect(faults).toEqual(['EPOLLERR', null]), 60_000);
    await pulse(6);
    await vi.waitFor(() => expect(lines).toEqual([6]), 60_000);
    await source.close();
  });

  it('that is not installed is missed with the way to get it', async () => {
    const source = create({ loadOnoff: () => Promise.reject(new Error("Cannot find package 'onoff'")) });
    const { faults } = watch(source);

    await vi.waitFor(
      () => expect(faults[0]).toMatch(/npm rebuild --ignore-scripts=false epoll; or install gpiod$/),
      60_000,
    );
    await source.close();
  });

  it('says how many pulses it may have missed while its process was kept from running', async () => {
    const clock = createManualClock();
    const source = create({ clock });
    await watch(source).armed;
    for (let count = 0; count < 6; count += 1) {
      await clock.advance(10);
      await pulse(5);
    }
    expect(source.suspectedMissed()).toBe(0);
    // The timer of 10 ms fires 50 ms late: five of six pulses are known to be missing.
    clock.stall(60);
    for (let count = 0; count < 2; count += 1) {
      await clock.advance(10);
      await pulse(5);
    }
    await clock.advance(20);

    expect(source.suspectedMissed()).toBe(5);
    await source.close();
  });

  it('keeps that number when its process ends', async () => {
    const children: { report: (report: WatchReport) => void; exit: (reason: string) => void }[] = [];
    const source = createOnoffEdgeSource({
      clock: createManualClock({ isAutomatic: true }),
      readNumbering: () => Promise.resolve(numbering),
      startChild: () => {
        const child = {
          report: (_report: WatchReport): void => undefined,
          exit: (_reason: string): void => undefined,
        };
        children.push(child);
        return {
          send: () => child.report({ kind: 'armed' }),
          onReport: (listener) => {
            child.report = listener;
          },
          onExit: (listener) => {
            child.exit = listener;
          },
          stop: () => child.exit('status 0'),
        };
      },
    });
    const { faults, armed } = watch(source);
    await armed;
    children[0]?.report({ kind: 'missed', total: 7 });
    children[0]?.exit('SIGKILL');
    await vi.waitFor(() => expect(children).toHaveLength(2), 60_000);
    children[1]?.report({ kind: 'missed', total: 2 });

    expect(source.suspectedMissed()).toBe(9);
    expect(faults[0]).toBe('the process that watches GPIO ended (SIGKILL)');
    await source.close();
  });
});

describe('the child process of onoff', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onoff-child-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const forkWith = async (program: string): Promise<OnoffChild> => {
    const file = join(folder, 'child.mjs');
    await writeFile(file, program);
    return forkOnoffChild(file);
  };

  it('is told what to watch, reports, and ends when told', async () => {
    const child = await forkWith(
      'process.once("message", ({ lines }) => process.send({ kind: "edges", edges: [{ line: lines[0].line, level: 0, atMs: 1.5 }] }));',
    );
    const reports: WatchReport[] = [];
    child.onReport((report) => reports.push(report));
    const exit = new Promise((resolve) => child.onExit(resolve));
    child.send({ lines: [{ line: 5, sysfsNumber: 517 }] });

    await vi.waitFor(
      () => expect(reports).toEqual([{ kind: 'edges', edges: [{ line: 5, level: 0, atMs: 1.5 }] }]),
      60_000,
    );
    child.stop();
    child.stop();

    expect(await exit).toBe('status 0');
  });

  it('tells how it died', async () => {
    const child = await forkWith('process.kill(process.pid, "SIGKILL");');

    expect(await new Promise((resolve) => child.onExit(resolve))).toBe('SIGKILL');
  });
});
