import type { FaultyStation } from './faulty-station.ts';

export type Verdict = {
  readonly station: string;
  readonly delivered: number;
  readonly duplicates: number;
  readonly toldInGaps: number;
  readonly epochs: number;
  readonly setAside: number;
  readonly givenUp: number;
  readonly lost: number;
  readonly outOfOrder: number;
  readonly problems: readonly string[];
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Holds what arrived from a station that has ended against what its outbox accepted. */
export const verdictOn = async (station: FaultyStation): Promise<Verdict> => {
  const { epoch, lanes, totals } = await station.gateway.stats();
  const lastSeq = lanes.reading.nextSeq - 1 - lanes.reading.waiting;
  const names = [...new Set([...station.ledger.epochs(), epoch])];
  // An earlier epoch ended with damage: its last reading is the last that arrived or that a gap told of.
  const accounts = names.map((name) => station.ledger.account(name, name === epoch ? lastSeq : undefined));
  const waiting = sum(Object.values(lanes).map((lane) => lane.waiting));
  const settled = totals.delivered + totals.setAside + totals.givenUp + waiting;
  const problems = [
    ...accounts
      .filter(({ missing }) => missing.length > 0)
      .map((each) => `${each.epoch}: lost ${each.missing.slice(0, 20).join(', ')}`),
    ...accounts
      .filter(({ outOfOrder }) => outOfOrder > 0)
      .map((each) => `${each.epoch}: ${each.outOfOrder} out of order`),
    ...(settled === totals.accepted
      ? []
      : [`accepted ${totals.accepted} is not delivered, set aside, given up or waiting: ${settled}`]),
  ];
  return {
    station: station.id,
    delivered: sum(accounts.map(({ delivered }) => delivered)),
    duplicates: sum(accounts.map(({ duplicates }) => duplicates)),
    toldInGaps: sum(accounts.map(({ toldInGaps }) => toldInGaps)),
    epochs: names.length,
    setAside: totals.setAside,
    givenUp: totals.givenUp,
    lost: sum(accounts.map(({ missing }) => missing.length)),
    outOfOrder: sum(accounts.map(({ outOfOrder }) => outOfOrder)),
    problems,
  };
};
