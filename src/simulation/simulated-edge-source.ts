import type { EdgeSource } from '../gpio/edge-source.ts';
import type { Clock } from '../time/clock.ts';
import type { PulseTrain } from './pulse-train.ts';

export type SimulatedEdgeSourceOptions = {
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
        (trains.get(line)?.until(elapsedSeconds()) ?? []).map((atSeconds) => ({
          line,
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
          await clock.sleep(DELIVERY_MS, closing.signal).catch(() => undefined);
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
