import type { EdgeSource, OutputLine, OutputLineOptions } from '../gpio/lines.ts';
import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import type { PulseTrain } from './pulse-train.ts';

type SimulatedOutputLines = {
  open(options: OutputLineOptions): Promise<OutputLine>;
  /** The electrical level of every line that was ever opened, by BCM number. */
  levels(): ReadonlyMap<number, 0 | 1>;
  close(): Promise<void>;
};

export const createSimulatedOutputLines = (): SimulatedOutputLines => {
  const levels = new Map<number, 0 | 1>();
  const inactive = new Map<number, 0 | 1>();

  const open = ({ gpio, isActiveLow }: OutputLineOptions): OutputLine => {
    let isClosed = false;
    const drive = (isActive: boolean): void => {
      levels.set(gpio, isActive === isActiveLow ? 0 : 1);
    };
    inactive.set(gpio, isActiveLow ? 1 : 0);
    drive(false);
    return {
      set: (isActive) => {
        if (isClosed) return Promise.reject(new Error(`set GPIO ${gpio}: the line is closed`));
        drive(isActive);
        return Promise.resolve();
      },
      close: () => {
        isClosed = true;
        drive(false);
        return Promise.resolve();
      },
    };
  };

  return {
    open: (options) => Promise.resolve(open(options)),
    levels: () => levels,
    close: () => {
      for (const [gpio, level] of inactive) levels.set(gpio, level);
      return Promise.resolve();
    },
  };
};

type SimulatedEdgeSourceOptions = {
  readonly clock: Clock;
  /** The moment the trains count from, on the monotonic clock. */
  readonly startMs: number;
  /** By BCM number. A line without a train stays quiet. */
  readonly trains: ReadonlyMap<number, PulseTrain>;
};

/** How long edges wait in the "kernel" at most. */
const DELIVERY_MS = 50;

/** Edges from pulse trains, stamped exactly and delivered a little later, as the kernel does it. */
export const createSimulatedEdgeSource = ({
  clock,
  startMs,
  trains,
}: SimulatedEdgeSourceOptions): EdgeSource => {
  const closing = new AbortController();
  let deliveries: Promise<void>[] = [];

  const elapsedSeconds = (): number => (clock.monotonicMs() - startMs) / 1000;

  const edgesUntilNow = (lines: readonly number[]) =>
    lines
      .flatMap((line) =>
        (trains.get(line)?.until(elapsedSeconds()) ?? []).map(({ atSeconds, level }) => ({
          line,
          level,
          atMs: startMs + atSeconds * 1000,
        })),
      )
      .sort((a, b) => a.atMs - b.atMs);

  return {
    timestamps: 'kernel',
    watch: (lines, onEdge) => {
      // What happened before anybody watched is nobody's.
      edgesUntilNow(lines);
      const deliver = async (): Promise<void> => {
        while (!closing.signal.aborted) {
          await pause(clock, DELIVERY_MS, closing.signal);
          if (!closing.signal.aborted) edgesUntilNow(lines).forEach(onEdge);
        }
      };
      deliveries.push(deliver());
      return Promise.resolve();
    },
    suspectedMissed: () => 0,
    close: async () => {
      closing.abort();
      await Promise.all(deliveries);
      deliveries = [];
    },
  };
};
