import type { OutboxStats } from '../../src/outbox/records.ts';
import { isConserved } from '../fakes/outbox-bodies.ts';
import type { DeliveryLedger } from '../system/delivery-ledger.ts';

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

/** Holds what arrived from a station against what its outbox, now at rest, says that it accepted. */
export const verdictOn = (station: string, ledger: DeliveryLedger, stats: OutboxStats): Verdict => {
  const { epoch, lanes, totals } = stats;
  const lastSeq = lanes.reading.nextSeq - 1 - lanes.reading.waiting;
  const names = [...new Set([...ledger.epochs(), epoch])];
  // How far an earlier epoch had got, the one after it says.
  const accounts = names.map((name) => ledger.account(name, name === epoch ? lastSeq : undefined));
  const problems = [
    ...accounts
      .filter(({ missing }) => missing.length > 0)
      .map((each) => `${each.epoch}: lost ${each.missing.slice(0, 20).join(', ')}`),
    ...accounts
      .filter(({ outOfOrder }) => outOfOrder > 0)
      .map((each) => `${each.epoch}: ${each.outOfOrder} out of order`),
    ...accounts
      .filter(({ twoOfAName }) => twoOfAName > 0)
      .map((each) => `${each.epoch}: ${each.twoOfAName} names for two readings`),
    ...(isConserved(stats)
      ? []
      : [`accepted is not delivered + set aside + given up + waiting: ${JSON.stringify(totals)}`]),
  ];
  return {
    station,
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
