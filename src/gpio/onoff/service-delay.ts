import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

const TASKS = '/proc/self/task';
/** A process that rests for less between two wake-ups is busy throughout: what it serves may have waited all along. */
const SHORTEST_REST_MS = 0.25;
/** How long the lateness of a timer says something about the events beside it. */
const TIMER_WORTH_MS = 20;
/** What any wake-up may take where nobody knows. */
const USUAL_LATE_MS = 2;
const NS_PER_MS = 1e6;

/** Nanoseconds that a thread has run and has waited for a processor; 0 where the kernel does not tell. */
type Thread = { readonly busyNs: () => number; readonly close: () => void };

/**
 * How long an event may have waited for this process until it was served. The kernel counts how long each thread ran and
 * waited for a processor (`schedstat`; Raspberry Pi OS and Debian have it): an event that woke the process has waited no
 * longer than that. Where it is missing, the lateness of a timer is all there is.
 */
export class ServiceDelay {
  readonly #taskFolder: string;
  #threads: readonly Thread[] = [];
  #busyMs = 0;
  #atMs = Number.NEGATIVE_INFINITY;
  #busySinceMs = Number.NEGATIVE_INFINITY;
  #timer = { atMs: Number.NEGATIVE_INFINITY, lateMs: 0 };

  constructor(taskFolder = TASKS) {
    this.#taskFolder = taskFolder;
  }

  /** Follows this thread and those that `start` starts. */
  async follow<T>(start: () => Promise<T>): Promise<T> {
    const before = new Set(tasksIn(this.#taskFolder));
    const result = await start();
    const started = tasksIn(this.#taskFolder).filter((task) => !before.has(task));
    const main = [...before].toSorted((a, b) => Number(a) - Number(b)).slice(0, 1);
    const threads = [...main, ...started].map((task) => openThread(join(this.#taskFolder, task)));
    // A kernel that does not count writes zeros.
    const isCounted = threads.length > 1 && (threads[0]?.busyNs() ?? 0) > 0;
    this.#threads = isCounted ? threads : [];
    if (!isCounted) for (const { close } of threads) close();
    return result;
  }

  /** Whether the kernel tells. */
  get isKnown(): boolean {
    return this.#threads.length > 0;
  }

  close(): void {
    for (const { close } of this.#threads) close();
    this.#threads = [];
  }

  /** The timer that was due so much earlier. */
  noteTimer(atMs: number, lateMs: number): void {
    if (lateMs >= this.#timer.lateMs || !this.#isTimerRecent(atMs)) this.#timer = { atMs, lateMs };
    this.lateMs(atMs);
  }

  /** What is served at this time has waited so long at most; to be asked at every wake-up. */
  lateMs(atMs: number): number {
    if (!this.isKnown) return Math.max(USUAL_LATE_MS, this.#isTimerRecent(atMs) ? this.#timer.lateMs : 0);
    const busyMs = this.#threads.reduce((sum, { busyNs }) => sum + busyNs(), 0) / NS_PER_MS;
    const addedMs = busyMs - this.#busyMs;
    if (atMs - this.#atMs - addedMs > SHORTEST_REST_MS) this.#busySinceMs = atMs - addedMs;
    this.#atMs = atMs;
    this.#busyMs = busyMs;
    return atMs - this.#busySinceMs;
  }

  #isTimerRecent(atMs: number): boolean {
    return atMs - this.#timer.atMs <= TIMER_WORTH_MS;
  }
}

const tasksIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** Both numbers are the first of the line. */
const openThread = (folder: string): Thread => {
  let file: number | null = null;
  try {
    file = openSync(join(folder, 'schedstat'), 'r');
  } catch {
    // As if the kernel wrote zeros.
  }
  const buffer = Buffer.alloc(80);
  return {
    busyNs: () => {
      if (file === null) return 0;
      const text = buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0));
      const [ranNs = 0, waitedNs = 0] = text.split(' ', 2).map(Number);
      return ranNs > 0 ? ranNs + waitedNs : 0;
    },
    close: () => {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
};
