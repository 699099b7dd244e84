import type { Gpio } from 'onoff';
import { z } from 'zod';
import type { Clock } from '../../time/clock.ts';
import type { Edge, EdgeLevel } from '../edge-source.ts';
import { unexportLine } from '../header-chip.ts';

/** One contact cycle takes longer than this; shorter gaps are bounce. */
const SHORTEST_CYCLE_MS = 4;
/** A line that stays at a level for less bounces. */
const SHORTEST_LEVEL_MS = 2;
/** A process that is later than this may have missed a pulse. */
const LATE_MS = 2;
/** Pulses further apart have no rhythm to go by. */
const LONGEST_GAP_MS = 2_000;
const REMEMBERED_GAPS = 16;
const FEWEST_GAPS = 4;

export type LevelEdge = Pick<Edge, 'level' | 'atMs'>;

/**
 * Tells the edges of one line from what sysfs tells: that something changed, and the level some time after.
 * Two changes that are told as one leave their trace in the order of levels, and more of them in the rhythm: cups
 * cannot halve their speed within one rotation.
 */
export class LevelTracker {
  #level: EdgeLevel | null = null;
  /** When the line was seen low although it was low before, and nothing has happened since. */
  #doubtfulMs: number | null = null;
  #eventMs = Number.NEGATIVE_INFINITY;
  #fallMs = Number.NEGATIVE_INFINITY;
  #gapsMs: number[] = [];
  #lateMs = 0;
  #suspected = 0;

  /** The edges that happened by now; of one that may be bounce the next level or `flush` decides. */
  noteLevel(level: EdgeLevel, atMs: number): readonly LevelEdge[] {
    const earlier = this.#decide(atMs, level === 1);
    const sinceMs = atMs - this.#eventMs;
    const before = this.#level;
    this.#level = level;
    this.#eventMs = atMs;
    if (level === 0 && before === 0) {
      // Low after low: it was high in between, for a whole opening or for the bounce of one.
      this.#doubtfulMs = atMs;
      return earlier;
    }
    // High after high: it was low in between, unless the contact just opened and bounces.
    const wasMissedLow = level === 1 && before === 1 && sinceMs >= SHORTEST_CYCLE_MS;
    if ((level === 0 && sinceMs >= SHORTEST_LEVEL_MS) || wasMissedLow) this.#noteFall(atMs);
    return [...earlier, ...(wasMissedLow ? [{ level: 0, atMs } as const] : []), { level, atMs }];
  }

  /** The edge that turned out to be no bounce, as the line stayed low. */
  flush(nowMs: number): readonly LevelEdge[] {
    const isOld = this.#doubtfulMs !== null && nowMs - this.#doubtfulMs >= SHORTEST_LEVEL_MS;
    return isOld ? this.#decide(nowMs, false) : [];
  }

  /** A contact that opens may be seen low once more; a closure lasts longer. */
  #decide(nowMs: number, isHigh: boolean): readonly LevelEdge[] {
    const atMs = this.#doubtfulMs;
    this.#doubtfulMs = null;
    if (atMs === null || (isHigh && nowMs - atMs < SHORTEST_LEVEL_MS)) return [];
    this.#noteFall(atMs);
    return [{ level: 0, atMs }];
  }

  #noteFall(atMs: number): void {
    this.#noteGap(atMs - this.#fallMs);
    this.#fallMs = atMs;
  }

  /** That the process looked so much later than it meant to. */
  noteLate(lateMs: number): void {
    this.#lateMs = Math.max(this.#lateMs, lateMs);
  }

  /** Pulses that may be missing: a gap in the rhythm counts where the process was late in it. */
  get suspectedMissed(): number {
    return this.#suspected;
  }

  #noteGap(gapMs: number): void {
    const wasLate = this.#lateMs >= LATE_MS;
    this.#lateMs = 0;
    if (gapMs > LONGEST_GAP_MS) {
      this.#gapsMs = [];
      return;
    }
    if (wasLate) this.#suspected += Math.max(0, Math.round(gapMs / this.#periodMs()) - 1);
    this.#gapsMs = [...this.#gapsMs.slice(1 - REMEMBERED_GAPS), gapMs];
  }

  /** The lower quartile: gaps that hide a missed pulse are the long ones. */
  #periodMs(): number {
    if (this.#gapsMs.length < FEWEST_GAPS) return Number.POSITIVE_INFINITY;
    const sorted = [...this.#gapsMs].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 4)] ?? Number.POSITIVE_INFINITY;
  }
}

/** What the daemon tells the child that watches lines through onoff: BCM and sysfs number of each. */
export const watchRequestSchema = z.strictObject({
  lines: z.array(z.strictObject({ line: z.int(), sysfsNumber: z.int() })),
});

export type WatchRequest = z.output<typeof watchRequestSchema>;

/** What the child tells the daemon. */
export const watchReportSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('armed') }),
  z.strictObject({
    kind: z.literal('edges'),
    edges: z.array(z.strictObject({ line: z.int(), level: z.literal([0, 1]), atMs: z.number() })),
  }),
  /** Pulses that may have been missed since the child began. */
  z.strictObject({ kind: z.literal('missed'), total: z.int() }),
  z.strictObject({ kind: z.literal('fault'), message: z.string() }),
]);

export type WatchReport = z.output<typeof watchReportSchema>;

/** What is used of onoff. */
export type OnoffPackage = {
  readonly Gpio: new (
    number: number,
    direction: 'in',
    edge: 'both',
    options: { readonly activeLow: false },
  ) => Pick<Gpio, 'direction' | 'edge' | 'readSync' | 'unexport' | 'watch'>;
};

export type OnoffWatchParts = {
  readonly loadOnoff: () => Promise<OnoffPackage>;
  readonly report: (report: WatchReport) => void;
  readonly clock: Clock;
  readonly sysfsRoot?: string;
};

const LOOK_PERIOD_MS = 10;
/** Sending costs more than counting: edges go in batches, their times are exact all the same. */
const SEND_PERIOD_MS = 50;

type Line = {
  /** BCM number. */
  readonly line: number;
  readonly gpio: InstanceType<OnoffPackage['Gpio']>;
  readonly tracker: LevelTracker;
};

/** Watches lines with onoff and reports until the signal aborts; a line that cannot be watched is a fault. */
export const watchWithOnoff = async (
  { lines }: WatchRequest,
  parts: OnoffWatchParts,
  signal: AbortSignal,
): Promise<void> => {
  const watched: Line[] = [];
  const edges: Edge[] = [];
  try {
    const { Gpio } = await loaded(parts.loadOnoff);
    for (const { line, sysfsNumber } of lines) {
      // Left by a killed process, it would make onoff ignore every error of its set-up.
      unexportLine(sysfsNumber, parts.sysfsRoot);
      const gpio = new Gpio(sysfsNumber, 'in', 'both', { activeLow: false });
      const tracker = new LevelTracker();
      watched.push({ line, gpio, tracker });
      arm({ line, gpio, tracker }, edges, parts);
    }
    parts.report({ kind: 'armed' });
    await Promise.all([
      sendEdges({ edges, watched }, parts, signal),
      reportMissed(
        watched.map(({ tracker }) => tracker),
        parts,
        signal,
      ),
    ]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!signal.aborted) parts.report({ kind: 'fault', message });
  } finally {
    for (const { gpio } of watched) gpio.unexport();
  }
};

const loaded = (load: () => Promise<OnoffPackage>): Promise<OnoffPackage> =>
  load().catch((cause: unknown) => {
    throw new Error(
      'The package onoff is not usable: install build-essential and python3, then run npm rebuild --ignore-scripts=false epoll; ' +
        'or install gpiod',
      { cause },
    );
  });

/** Without debounceTimeout, which loses every pulse that is shorter, and all of them once they are faster. */
const arm = ({ line, gpio, tracker }: Line, edges: Edge[], { report, clock }: OnoffWatchParts): void => {
  if (gpio.direction() !== 'in' || gpio.edge() !== 'both')
    throw new Error(`GPIO ${line} does not report edges: direction ${gpio.direction()}, edge ${gpio.edge()}`);
  tracker.noteLevel(gpio.readSync(), clock.monotonicMs());
  gpio.watch((error, level) => {
    const atMs = clock.monotonicMs();
    if (error) report({ kind: 'fault', message: error.message });
    else edges.push(...tracker.noteLevel(level, atMs).map((edge) => ({ line, ...edge })));
  });
};

/** Ends when the signal aborts. */
const sendEdges = async (
  { edges, watched }: { readonly edges: Edge[]; readonly watched: readonly Line[] },
  { clock, report }: OnoffWatchParts,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    await clock.sleep(SEND_PERIOD_MS, signal).catch(() => undefined);
    const nowMs = clock.monotonicMs();
    for (const { line, tracker } of watched)
      edges.push(...tracker.flush(nowMs).map((edge) => ({ line, ...edge })));
    if (edges.length > 0) report({ kind: 'edges', edges: edges.splice(0) });
  }
};

/** Ends when the signal aborts. */
const reportMissed = async (
  trackers: readonly LevelTracker[],
  { clock, report }: OnoffWatchParts,
  signal: AbortSignal,
): Promise<void> => {
  let reported = 0;
  while (!signal.aborted) {
    const dueMs = clock.monotonicMs() + LOOK_PERIOD_MS;
    await clock.sleep(LOOK_PERIOD_MS, signal).catch(() => undefined);
    for (const tracker of trackers) tracker.noteLate(clock.monotonicMs() - dueMs);
    const total = trackers.reduce((sum, tracker) => sum + tracker.suspectedMissed, 0);
    if (total === reported) continue;
    reported = total;
    report({ kind: 'missed', total });
  }
};
