/** mulberry32: small, and the same seed repeats a run's faults in every version of Node. */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

export type Draw = {
  between(from: number, to: number): number;
  oneOf<T>(values: readonly [T, ...T[]]): T;
};

export const drawFrom = (random: () => number): Draw => ({
  between: (from, to) => from + random() * (to - from),
  oneOf: (values) => values[Math.floor(random() * values.length)] ?? values[0],
});

/** Hands out the values like cards, in random order and all of them before any comes again. */
export const deckOf = <T>(values: readonly [T, ...T[]], draw: Draw): (() => T) => {
  let left: T[] = [];
  return () => {
    if (left.length === 0) left = [...values];
    const index = Math.floor(draw.between(0, left.length));
    return left.splice(index, 1)[0] ?? values[0];
  };
};
