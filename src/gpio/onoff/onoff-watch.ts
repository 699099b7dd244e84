import type { Gpio } from 'onoff';
import { z } from 'zod';
import type { Clock } from '../../time/clock.ts';
import type { Edge } from '../edge-source.ts';
import { unexportLine } from '../header-chip.ts';
import { LevelTracker } from './onoff-levels.ts';

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
