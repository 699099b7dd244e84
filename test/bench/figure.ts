/** One measured number beside what it is held against, from one run. */
export type Figure = {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** What it is compared with; `null` where a number stands alone. */
  readonly other: { readonly name: string; readonly value: number } | null;
  /** In words, with the goal of the ratio or number and whether it was reached. */
  readonly goal: { readonly text: string; readonly isReached: boolean } | null;
};

export type Bench = { readonly name: string; readonly measure: () => Promise<readonly Figure[]> };

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

/** Nearest rank. */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
};

export const atLeast = (text: string, value: number, goal: number): Figure['goal'] => ({
  text: `${text} at least ${goal}`,
  isReached: value >= goal,
});

export const atMost = (text: string, value: number, goal: number): Figure['goal'] => ({
  text: `${text} at most ${goal}`,
  isReached: value <= goal,
});
