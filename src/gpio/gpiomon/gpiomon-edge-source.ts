import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readlink } from 'node:fs/promises';
import type { Clock } from '../../time/clock.ts';
import { takeFromSysfs } from '../header-chip.ts';
import type { EdgeListener, EdgeSource } from '../lines.ts';
import { createRestartingEdgeSource, type WatchSession } from '../restarting-edge-source.ts';
import { findGpiodTools, type GpiodTools, gpiomonArguments, parseEdge } from './gpiod-tools.ts';

type GpiomonEdgeSourceOptions = {
  readonly clock: Clock;
  readonly findTools?: () => Promise<GpiodTools>;
  /** Frees the lines, by BCM number, from what would refuse them. */
  readonly freeLines?: (lines: readonly number[]) => Promise<void>;
  /** Starts gpiomon with these arguments. */
  readonly spawnGpiomon?: (args: readonly string[]) => ChildProcess;
  /** How many requests for lines a process holds. */
  readonly countLineRequests?: (pid: number) => Promise<number>;
};

/**
 * Edges from a gpiomon child: the kernel stamps and queues them, and they wait in the pipe while this process stalls.
 * Nothing is counted between the end of one child and the next.
 */
export const createGpiomonEdgeSource = (options: GpiomonEdgeSourceOptions): EdgeSource => {
  const {
    clock,
    findTools = findGpiodTools,
    freeLines = takeFromSysfs,
    spawnGpiomon = spawnDying,
    countLineRequests = countLineRequestsOf,
  } = options;
  let unreadable = 0;

  const startSession = async (lines: readonly number[], onEdge: EdgeListener): Promise<WatchSession> => {
    const tools = await findTools();
    await freeLines(lines);
    const child = spawnGpiomon(gpiomonArguments(tools, lines));
    readEdges(child, (text) => {
      const edge = parseEdge(tools.version, text);
      if (edge === null) unreadable += 1;
      else onEdge(edge);
    });
    // 1.6 requests each line by itself, 2 all of them at once.
    const wanted = tools.version === 1 ? lines.length : 1;
    const isArmed = async () => (await countLineRequests(child.pid ?? 0)) >= wanted;
    return { ended: endOf(child), armed: armingOf(child, clock, isArmed), stop: () => child.kill() };
  };

  return createRestartingEdgeSource({
    timestamps: 'kernel',
    clock,
    startSession,
    suspectedMissed: () => unreadable,
  });
};

/** Left behind by a killed daemon, it would hold the lines until the next pulse: it dies with its parent. */
const spawnDying = (args: readonly string[]): ChildProcess =>
  spawn('setpriv', ['--pdeathsig', 'TERM', 'gpiomon', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

/** By hand: readline would do several times the work for each of up to hundreds of edges a second. */
const readEdges = ({ stdout }: ChildProcess, onLine: (text: string) => void): void => {
  let begun = '';
  stdout?.setEncoding('latin1').on('data', (text: string) => {
    const lines = `${begun}${text}`.split('\n');
    begun = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
};

const COMPLAINT_LENGTH = 300;

const endOf = (child: ChildProcess): Promise<Error> =>
  new Promise((resolve) => {
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-COMPLAINT_LENGTH);
    });
    child.once('error', (cause) => resolve(new Error(`gpiomon did not start: ${cause.message}`, { cause })));
    child.once('close', (status, signal) =>
      resolve(new Error(`gpiomon ended (${signal ?? `status ${status}`}) ${complaint.trim()}`.trimEnd())),
    );
  });

const ARMED_POLL_MS = 10;
/** Where the process cannot be looked into, one that still runs after this time has its lines. */
const ARMED_AFTER_MS = 2_000;

/** Never resolves when the child ends first. */
const armingOf = async (
  child: ChildProcess,
  clock: Clock,
  isArmed: () => Promise<boolean>,
): Promise<void> => {
  const startMs = clock.monotonicMs();
  while (!(await isArmed())) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
      await new Promise(() => undefined);
    if (clock.monotonicMs() - startMs >= ARMED_AFTER_MS) return;
    await clock.sleep(ARMED_POLL_MS);
  }
};

/** gpiomon says nothing when it is ready; its open files do. */
const countLineRequestsOf = async (pid: number): Promise<number> => {
  const folder = `/proc/${pid}/fd`;
  const files = await readdir(folder).catch(() => []);
  const targets = await Promise.all(files.map((file) => readlink(`${folder}/${file}`).catch(() => '')));
  return targets.filter((target) => /^anon_inode:\[?gpio-(?:event|line)/.test(target)).length;
};
