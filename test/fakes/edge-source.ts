import type { EdgeLevel, EdgeListener, EdgeSource } from '../../src/gpio/lines.ts';

export type FakeEdgeSource = EdgeSource & {
  /** One edge of a watched line; of any other, nothing happens, as on the real thing. */
  edge(line: number, level: EdgeLevel, atMs: number): void;
  /** A contact that closes for 2 ms, and bounces as it closes and as it opens. */
  pulse(line: number, atMs: number): void;
  /** Loses the lines, or has them back. */
  setFault(fault: Error | null): void;
  missed: number;
};

const BOUNCING_CLOSURE: readonly { readonly level: EdgeLevel; readonly afterMs: number }[] = [
  { level: 0, afterMs: 0 },
  { level: 1, afterMs: 0.1 },
  { level: 0, afterMs: 0.2 },
  { level: 1, afterMs: 2 },
  { level: 0, afterMs: 2.1 },
  { level: 1, afterMs: 2.3 },
];

/** Arms at once, or when the `fault` it was made with goes away. */
export const createFakeEdgeSource = ({ fault = null }: { fault?: Error | null } = {}): FakeEdgeSource => {
  let current = fault;
  let watched: readonly number[] = [];
  let listener: EdgeListener = () => undefined;
  let onFault: (fault: Error | null) => void = () => undefined;
  let armed = (): void => undefined;
  let refuse = (_reason: Error): void => undefined;
  let isClosed = false;

  const source: FakeEdgeSource = {
    timestamps: 'kernel',
    missed: 0,
    watch: (lines, onEdge, whenFaulty) => {
      watched = lines;
      listener = onEdge;
      onFault = whenFaulty;
      if (current === null) return Promise.resolve();
      onFault(current);
      return new Promise((resolve, reject) => {
        armed = resolve;
        refuse = reject;
      });
    },
    suspectedMissed: () => source.missed,
    close: () => {
      isClosed = true;
      refuse(new Error('the edge source is closed'));
      return Promise.resolve();
    },
    edge: (line, level, atMs) => {
      if (!isClosed && current === null && watched.includes(line)) listener({ line, level, atMs });
    },
    pulse: (line, atMs) => {
      for (const { level, afterMs } of BOUNCING_CLOSURE) source.edge(line, level, atMs + afterMs);
    },
    setFault: (next) => {
      current = next;
      onFault(next);
      if (next === null) armed();
    },
  };
  return source;
};
