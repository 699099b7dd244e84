/** Ours divided by what stands beside it, round by round: a busy machine slows both of a round. */
export type Ratio = {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  readonly rounds: number;
};

/** One measured number beside what it is held against, from one run; of several rounds their medians. */
export type Figure = {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** What it is compared with; `null` where a number stands alone. */
  readonly other: { readonly name: string; readonly value: number } | null;
  /** `null` where nothing stands beside it, or a zero. */
  readonly ratio: Ratio | null;
  readonly goal: Goal | null;
};

/** In words, of the ratio or the number, and whether it was reached. */
export type Goal = { readonly text: string; readonly isReached: boolean };

export type Bench = {
  readonly name: string;
  /** Measured only by its name: it takes longer than all the others. */
  readonly isLong?: boolean;
  readonly measure: () => Promise<readonly Figure[]>;
};

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

/** Nearest rank. */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
};

const ratioOf = (ours: readonly number[], others: readonly number[]): Ratio | null => {
  const ratios = ours.map((value, round) => value / (others[round] ?? Number.NaN));
  if (ratios.length === 0 || !ratios.every(Number.isFinite)) return null;
  return {
    median: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
    rounds: ratios.length,
  };
};

export type Compared = {
  readonly name: string;
  readonly unit: string;
  /** One value a round. */
  readonly ours: readonly number[];
  readonly other: { readonly name: string; readonly values: readonly number[] };
  /** Of the median ratio; `NaN` where there is none. */
  readonly goal?: (ratio: number) => Goal;
};

/** A number and what was measured in the same rounds. */
export const beside = ({ name, unit, ours, other, goal }: Compared): Figure => {
  const ratio = ratioOf(ours, other.values);
  return {
    name,
    unit,
    ours: median(ours),
    other: { name: other.name, value: median(other.values) },
    ratio,
    goal: goal?.(ratio?.median ?? Number.NaN) ?? null,
  };
};

/** A number with nothing beside it. */
export const alone = ({
  goal = null,
  ...figure
}: Pick<Figure, 'name' | 'unit' | 'ours'> & { readonly goal?: Goal | null }): Figure => ({
  ...figure,
  other: null,
  ratio: null,
  goal,
});

export const atLeast = (text: string, value: number, goal: number): Goal => ({
  text: `${text} at least ${goal}`,
  isReached: value >= goal,
});

export const atMost = (text: string, value: number, goal: number): Goal => ({
  text: `${text} at most ${goal}`,
  isReached: value <= goal,
});
