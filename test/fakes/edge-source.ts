import type { EdgeListener, EdgeSource } from '../../src/gpio/edge-source.ts';

export type FakeEdgeSource = EdgeSource & {
  /** One falling edge of a watched line; of any other, nothing happens, as on the real thing. */
  pulse(line: number, atMs: number): void;
  /** Loses the lines, or has them back. */
  setFault(fault: Error | null): void;
  missed: number;
};

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
    pulse: (line, atMs) => {
      if (!isClosed && current === null && watched.includes(line)) listener({ line, atMs });
    },
    setFault: (next) => {
      current = next;
      onFault(next);
      if (next === null) armed();
    },
  };
  return source;
};
