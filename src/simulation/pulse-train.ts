import type { EdgeLevel } from '../gpio/lines.ts';
import { hash32, uniform } from './noise.ts';

/** Further edges of a contact that closes or opens: their number, and the time they take. */
export type Bounce = { readonly edges: number; readonly withinMs: number };

export type PulseTrainOptions = {
  readonly seed: number;
  /** Closures a second at a moment. */
  readonly rateHzAt: (elapsedSeconds: number) => number;
  /** The rate is taken as constant for this long. */
  readonly stepSeconds: number;
  /** How long the contact stays closed at a rate. */
  readonly closedSecondsAt: (rateHz: number) => number;
  /** A worn contact's bounce at a moment, if it is worn by then. */
  readonly bounceAt?: (elapsedSeconds: number) => Bounce | null;
};

/** Reed contacts bounce for less than 0.3 ms when they are in order. */
const GOOD_CONTACT_EDGES = 3;
const GOOD_CONTACT_MS = 0.3;

export type TrainEdge = { readonly atSeconds: number; readonly level: EdgeLevel };

/** The edges of a reed contact, which bounces as it closes and as it opens. */
export type PulseTrain = {
  /** The edges since the last call up to this moment, in order, in seconds since the start. */
  until(elapsedSeconds: number): TrainEdge[];
};

/** The same rate and seed give the same edges, however the time is divided into calls. */
export const createPulseTrain = (options: PulseTrainOptions): PulseTrain => {
  const { seed, rateHzAt, stepSeconds, closedSecondsAt, bounceAt = () => null } = options;
  let steps = 0;
  let turns = uniform(seed, 0);
  let changes = 0;
  let pending: TrainEdge[] = [];

  const bounceOf = (atSeconds: number): Bounce =>
    bounceAt(atSeconds) ?? {
      edges: Math.floor(uniform(seed, changes) * GOOD_CONTACT_EDGES),
      withinMs: GOOD_CONTACT_MS,
    };

  /** The contact changes to a level; each edge of the bounce is a short time at the other level. */
  const change = (atSeconds: number, level: EdgeLevel): TrainEdge[] => {
    changes += 1;
    const { edges, withinMs } = bounceOf(atSeconds);
    const offsetsMs = Array.from(
      { length: 2 * edges },
      (_, index) => uniform(hash32(seed, changes), index) * withinMs,
    );
    return [0, ...offsetsMs.sort((a, b) => a - b)].map((offsetMs, index) => ({
      atSeconds: atSeconds + offsetMs / 1000,
      level: index % 2 === 0 ? level : level === 0 ? 1 : 0,
    }));
  };

  /** Closures happen where the count of turns passes a whole number. */
  const step = (): void => {
    const fromSeconds = steps * stepSeconds;
    const rateHz = Math.max(0, rateHzAt(fromSeconds));
    const end = turns + rateHz * stepSeconds;
    for (let turn = Math.floor(turns) + 1; turn <= end; turn += 1) {
      const atSeconds = fromSeconds + (turn - turns) / rateHz;
      pending.push(...change(atSeconds, 0), ...change(atSeconds + closedSecondsAt(rateHz), 1));
    }
    turns = end - Math.floor(end);
    steps += 1;
  };

  return {
    until: (elapsedSeconds) => {
      while (steps * stepSeconds < elapsedSeconds) step();
      pending.sort((a, b) => a.atSeconds - b.atSeconds);
      const due = pending.filter(({ atSeconds }) => atSeconds <= elapsedSeconds);
      pending = pending.slice(due.length);
      return due;
    },
  };
};
