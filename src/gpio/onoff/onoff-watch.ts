import type { Gpio } from 'onoff';
import { z } from 'zod';
import type { Clock } from '../../time/clock.ts';
import type { Edge } from '../edge-source.ts';
import { unexportLine } from '../header-chip.ts';

/** One contact cycle takes longer than this; shorter gaps are bounce. */
const SHORTEST_CYCLE_MS = 4;
/** A process that is later than this may have missed a pulse. */
const LATE_MS = 2;
/** Pulses further apart have no rhythm to go by. */
const LONGEST_GAP_MS = 2_000;
const REMEMBERED_GAPS = 16;
const FEWEST_GAPS = 4;

/**
 * Counts falling edges of one line from what sysfs tells: that something changed, and the level some time after.
 * Two changes that are told as one leave their trace in the order of levels, and more of them in the rhythm: cups
 * cannot halve their speed within one rotation.
 */
export class LevelTracker {
  #level: 0 | 1 | null = null;
  #eventMs = Number.NEGATIVE_INFINITY;
  #fallMs = Number.NEGATIVE_INFINITY;
  #gapsMs: number[] = [];
  #lateMs = 0;
  #suspected = 0;

  /** Whether a falling edge happened. */
  noteLevel(level: 0 | 1, atMs: number): boolean {
    // High after high: it was low in between, unless the contact just opened and bounces.
    const wasMissedLow = level === 1 && this.#level === 1 && atMs - this.#eventMs >= SHORTEST_CYCLE_MS;
    this.#level = level;
    this.#eventMs = atMs;
    if (level === 1 && !wasMissedLow) return false;
    this.#noteGap(atMs - this.#fallMs);
    this.#fallMs = atMs;
    return true;
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
    edges: z.array(z.strictObject({ line: z.int(), atMs: z.number() })),
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

type Line = { readonly gpio: InstanceType<OnoffPackage['Gpio']>; readonly tracker: LevelTracker };

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
      watched.push({ gpio, tracker });
      arm({ gpio, tracker }, { line, edges, parts });
    }
    parts.report({ kind: 'armed' });
    await Promise.all([
      sendEdges(edges, parts, signal),
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

type Counting = { readonly line: number; readonly edges: Edge[]; readonly parts: OnoffWatchParts };

/** Without debounceTimeout, which loses every pulse that is shorter, and all of them once they are faster. */
const arm = ({ gpio, tracker }: Line, { line, edges, parts: { report, clock } }: Counting): void => {
  if (gpio.direction() !== 'in' || gpio.edge() !== 'both')
    throw new Error(`GPIO ${line} does not report edges: direction ${gpio.direction()}, edge ${gpio.edge()}`);
  tracker.noteLevel(gpio.readSync(), clock.monotonicMs());
  gpio.watch((error, level) => {
    const atMs = clock.monotonicMs();
    if (error) report({ kind: 'fault', message: error.message });
    else if (tracker.noteLevel(level, atMs)) edges.push({ line, atMs });
  });
};

/** Ends when the signal aborts. */
const sendEdges = async (
  edges: Edge[],
  { clock, report }: OnoffWatchParts,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    await clock.sleep(SEND_PERIOD_MS, signal).catch(() => undefined);
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
