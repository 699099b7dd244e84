import { hash32, uniform } from './noise.ts';

/** Further edges of one closure: their number, and the time they take. */
export type Bounce = { readonly edges: number; readonly withinMs: number };

export type PulseTrainOptions = {
  readonly seed: number;
  /** Closures a second at a moment. */
  readonly rateHzAt: (elapsedSeconds: number) => number;
  /** The rate is taken as constant for this long. */
  readonly stepSeconds: number;
  /** A worn contact's bounce at a moment, if it is worn by then. */
  readonly bounceAt?: (elapsedSeconds: number) => Bounce | null;
};

/** Reed contacts bounce for less than 0.3 ms when they are in order. */
const GOOD_CONTACT_EDGES = 3;
const GOOD_CONTACT_MS = 0.3;

/** The falling edges of a reed contact, bounce included. */
export type PulseTrain = {
  /** The edges since the last call up to this moment, in order, in seconds since the start. */
  until(elapsedSeconds: number): number[];
};

/** The same rate and seed give the same edges, however the time is divided into calls. */
export const createPulseTrain = (options: PulseTrainOptions): PulseTrain => {
  const { seed, rateHzAt, stepSeconds, bounceAt = () => null } = options;
  let steps = 0;
  let turns = uniform(seed, 0);
  let closures = 0;
  let pending: number[] = [];

  const bounceOf = (atSeconds: number): Bounce =>
    bounceAt(atSeconds) ?? {
      edges: Math.floor(uniform(seed, closures) * GOOD_CONTACT_EDGES),
      withinMs: GOOD_CONTACT_MS,
    };

  const edgesOfClosure = (atSeconds: number): number[] => {
    closures += 1;
    const { edges, withinMs } = bounceOf(atSeconds);
    const offsetsMs = Array.from(
      { length: edges },
      (_, index) => uniform(hash32(seed, closures), index) * withinMs,
    );
    return [0, ...offsetsMs.sort((a, b) => a - b)].map((offsetMs) => atSeconds + offsetMs / 1000);
  };

  /** Closures happen where the count of turns passes a whole number. */
  const step = (): void => {
    const fromSeconds = steps * stepSeconds;
    const rateHz = Math.max(0, rateHzAt(fromSeconds));
    const end = turns + rateHz * stepSeconds;
    for (let turn = Math.floor(turns) + 1; turn <= end; turn += 1)
      pending.push(...edgesOfClosure(fromSeconds + (turn - turns) / rateHz));
    turns = end - Math.floor(end);
    steps += 1;
  };

  return {
    until: (elapsedSeconds) => {
      while (steps * stepSeconds < elapsedSeconds) step();
      pending.sort((a, b) => a - b);
      const due = pending.filter((atSeconds) => atSeconds <= elapsedSeconds);
      pending = pending.slice(due.length);
      return due;
    },
  };
};
