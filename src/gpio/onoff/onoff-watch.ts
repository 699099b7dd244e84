import type { Gpio } from 'onoff';
import { z } from 'zod';
import type { Clock } from '../../time/clock.ts';
import { pause } from '../../time/loops.ts';
import { formatError } from '../../weather/format.ts';
import { unexportLine } from '../header-chip.ts';
import type { Edge, EdgeLevel } from '../lines.ts';
import { ServiceDelay } from './service-delay.ts';

/** A contact that is closed for less is bounce or a spike. */
const SHORTEST_LEVEL_MS = 2;
/** A process that is later than this may have missed a pulse. */
const LATE_MS = 2;
/** Pulses further apart have no rhythm to go by. */
const MAX_GAP_MS = 2_000;
const REMEMBERED_GAPS = 16;
const FEWEST_GAPS = 4;

type LevelEdge = Pick<Edge, 'level' | 'atMs'>;

/**
 * Tells the edges of one line from what sysfs tells: that something changed, and the level some time after. The line has
 * kept its level until the first of these changes, which is at most as old as the service was late. Two changes that are
 * told as one leave their trace in the order of levels, and more of them in the rhythm: cups cannot halve their speed
 * within one rotation.
 */
export class LevelTracker {
  #level: EdgeLevel | null = null;
  #eventMs = Number.NEGATIVE_INFINITY;
  #fallMs = Number.NEGATIVE_INFINITY;
  #gapsMs: number[] = [];
  #lateMs = 0;
  #suspected = 0;

  /**
   * The edges until now. Openings last as long as they can have: whether that is long enough for a contact, and not the
   * bounce of one, is for the instrument to decide.
   */
  noteLevel(level: EdgeLevel, atMs: number, lateMs: number): readonly LevelEdge[] {
    const firstMs = Math.max(this.#eventMs, atMs - lateMs);
    const before = this.#level;
    this.#level = level;
    this.#eventMs = atMs;
    this.#lateMs = Math.max(this.#lateMs, lateMs);
    const couldLast = atMs - firstMs >= SHORTEST_LEVEL_MS;
    if (before === 1 && (level === 0 || couldLast)) {
      this.#noteFall(firstMs);
      // More of them may have been missed from then on.
      this.#lateMs = lateMs;
    } else if (before === 0 && level === 0 && couldLast) this.#noteFall(atMs);

    if (level !== before) return [{ level, atMs: level === 1 && before === 0 ? firstMs : atMs }];
    // Low after low: it was high in between, for a whole opening or for the bounce of one.
    if (level === 0)
      return [
        { level: 1, atMs: firstMs },
        { level: 0, atMs },
      ];
    // High after high: it was low in between, for less time than nobody looked.
    if (!couldLast) return [];
    return [
      { level: 0, atMs: firstMs },
      { level: 1, atMs: firstMs },
    ];
  }

  #noteFall(atMs: number): void {
    this.#noteGap(atMs - this.#fallMs);
    this.#fallMs = atMs;
  }

  /** Pulses that may be missing: a gap in the rhythm counts where the process was late in it. */
  get suspectedMissed(): number {
    return this.#suspected;
  }

  #noteGap(gapMs: number): void {
    const wasLate = this.#lateMs > LATE_MS;
    this.#lateMs = 0;
    if (gapMs > MAX_GAP_MS) {
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

type OnoffWatchParts = {
  readonly loadOnoff: () => Promise<OnoffPackage>;
  readonly report: (report: WatchReport) => void;
  readonly clock: Clock;
  readonly sysfsRoot?: string;
  /** Where the kernel shows the threads of this process. */
  readonly taskFolder?: string;
};

/** Sending costs more than counting: edges go in batches, with the times they had. */
const SEND_PERIOD_MS = 50;
/** Where the kernel does not tell how late this process is, a timer has to. */
const LOOK_PERIOD_MS = 10;

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
  const delay = new ServiceDelay(parts.taskFolder);
  try {
    // The package starts the thread that waits for edges.
    const { Gpio } = await delay.follow(() => loaded(parts.loadOnoff));
    for (const { line, sysfsNumber } of lines) {
      // Left by a killed process, it would make onoff ignore every error of its set-up.
      unexportLine(sysfsNumber, parts.sysfsRoot);
      const gpio = new Gpio(sysfsNumber, 'in', 'both', { activeLow: false });
      const tracker = new LevelTracker();
      watched.push({ line, gpio, tracker });
      arm({ line, gpio, tracker }, { edges, delay }, parts);
    }
    parts.report({ kind: 'armed' });
    await sendReports({ edges, delay, watched }, parts, signal);
  } catch (error) {
    const message = formatError(error);
    if (!signal.aborted) parts.report({ kind: 'fault', message });
  } finally {
    for (const { gpio } of watched) gpio.unexport();
    delay.close();
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

type Watch = { readonly edges: Edge[]; readonly delay: ServiceDelay };

/** Without debounceTimeout, which loses every pulse that is shorter, and all of them once they are faster. */
const arm = (
  { line, gpio, tracker }: Line,
  { edges, delay }: Watch,
  { report, clock }: OnoffWatchParts,
): void => {
  if (gpio.direction() !== 'in' || gpio.edge() !== 'both')
    throw new Error(`GPIO ${line} does not report edges: direction ${gpio.direction()}, edge ${gpio.edge()}`);
  tracker.noteLevel(gpio.readSync(), clock.monotonicMs(), 0);
  gpio.watch((error, level) => {
    const atMs = clock.monotonicMs();
    if (error) report({ kind: 'fault', message: error.message });
    else edges.push(...tracker.noteLevel(level, atMs, delay.lateMs(atMs)).map((edge) => ({ line, ...edge })));
  });
};

/** Ends when the signal aborts. */
const sendReports = async (
  { edges, delay, watched }: Watch & { readonly watched: readonly Line[] },
  { clock, report }: OnoffWatchParts,
  signal: AbortSignal,
): Promise<void> => {
  const periodMs = delay.isKnown ? SEND_PERIOD_MS : LOOK_PERIOD_MS;
  let reported = 0;
  while (!signal.aborted) {
    const dueMs = clock.monotonicMs() + periodMs;
    await pause(clock, periodMs, signal);
    delay.noteTimer(clock.monotonicMs(), clock.monotonicMs() - dueMs);
    if (edges.length > 0) report({ kind: 'edges', edges: edges.splice(0) });
    const total = watched.reduce((sum, { tracker }) => sum + tracker.suspectedMissed, 0);
    if (total !== reported) report({ kind: 'missed', total });
    reported = total;
    delay.lateMs(clock.monotonicMs());
  }
};
