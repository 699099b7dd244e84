import { describe, expect, it } from 'vitest';
import type { OutboxStats } from '../../src/outbox/records.ts';
import { DeliveryLedger } from '../system/delivery-ledger.ts';
import { verdictOn } from './verdict.ts';

const EPOCH = '01JXA';

const readings = (...seqs: readonly number[]): string =>
  JSON.stringify({ readings: seqs.map((seq) => ({ epoch: EPOCH, seq })) });

const arrived = (...seqs: readonly number[]): DeliveryLedger => {
  const ledger = new DeliveryLedger();
  ledger.take('weather/1/backlog', readings(...seqs));
  return ledger;
};

const gap = (fromseq: number, toseq: number, epoch = EPOCH): string =>
  JSON.stringify({ epoch, fromseq, toseq });

const statsOf = (
  accepted: number,
  {
    waiting = 0,
    waitingGaps = 0,
    ...totals
  }: Partial<OutboxStats['totals']> & { readonly waiting?: number; readonly waitingGaps?: number } = {},
): OutboxStats => {
  const lane = { waiting: 0, waitingBytes: 0, oldest: null, nextSeq: 1 };
  return {
    epoch: EPOCH,
    lanes: {
      reading: { ...lane, waiting, nextSeq: accepted + 1 },
      prealert: lane,
      gap: { ...lane, waiting: waitingGaps },
    },
    totals: { accepted, delivered: accepted - waiting, setAside: 0, givenUp: 0, ...totals },
  };
};

describe('the verdict on a station', () => {
  it('is clean when everything arrived once and in order', () => {
    expect(verdictOn('1', arrived(1, 2, 3), statsOf(3))).toEqual({
      station: '1',
      delivered: 3,
      duplicates: 0,
      toldInGaps: 0,
      epochs: 1,
      setAside: 0,
      givenUp: 0,
      lost: 0,
      outOfOrder: 0,
      problems: [],
    });
  });

  it('finds a name that two readings have, and none where only the date became right', () => {
    const ledger = arrived(2);
    const take = (reading: object): void =>
      ledger.take('weather/1/reading', JSON.stringify({ epoch: EPOCH, ...reading }));
    take({ seq: 1, deviceid: '1', datetime: '2020-01-01 00:00:00.000', temperature: 15 });
    take({ seq: 1, datetime: '2026-01-01 00:00:00.000', timequality: 'corrected', temperature: 15 });
    take({ seq: 2, temperature: 15 });

    expect(verdictOn('1', ledger, statsOf(2)).problems).toEqual([
      `${EPOCH}: 1 out of order`,
      `${EPOCH}: 1 names for two readings`,
    ]);
  });

  it('finds a reading that was counted as delivered and never arrived', () => {
    const verdict = verdictOn('1', arrived(1, 2), statsOf(3));

    expect(verdict).toMatchObject({ delivered: 2, lost: 1, problems: [`${EPOCH}: lost 3`] });
  });

  it('finds a hole that no gap explains', () => {
    const verdict = verdictOn('1', arrived(1, 2, 5), statsOf(5));

    expect(verdict).toMatchObject({ delivered: 3, lost: 2, problems: [`${EPOCH}: lost 3, 4`] });
  });

  it('takes the word of a gap for a hole', () => {
    const ledger = arrived(1, 2, 5);
    ledger.take('weather/1/gap', gap(3, 4));

    expect(verdictOn('1', ledger, statsOf(5, { delivered: 3, givenUp: 2 }))).toMatchObject({
      toldInGaps: 2,
      givenUp: 2,
      lost: 0,
      problems: [],
    });
  });

  it('finds a reading that came after a later one', () => {
    const verdict = verdictOn('1', arrived(1, 3, 2, 4), statsOf(4));

    expect(verdict).toMatchObject({ outOfOrder: 1, lost: 0, problems: [`${EPOCH}: 1 out of order`] });
  });

  it('counts what arrived again, which is no fault and no reordering', () => {
    const ledger = arrived(1, 2, 3);
    ledger.take('weather/1/backlog', readings(2, 3, 4));

    expect(verdictOn('1', ledger, statsOf(4))).toMatchObject({
      delivered: 4,
      duplicates: 2,
      outOfOrder: 0,
      problems: [],
    });
  });

  it('counts a reading set aside, of which a gap must tell', () => {
    const stats = statsOf(3, { delivered: 2, setAside: 1 });
    const told = arrived(1, 3);
    told.take('weather/1/gap', gap(2, 2));

    expect(verdictOn('1', told, stats)).toMatchObject({ setAside: 1, lost: 0, problems: [] });
    expect(verdictOn('1', arrived(1, 3), stats).problems).toEqual([`${EPOCH}: lost 2`]);
  });

  it('does not miss what still waits, nor counts gaps that wait among the readings', () => {
    const verdict = verdictOn('1', arrived(1, 2), statsOf(4, { waiting: 2, waitingGaps: 1 }));

    expect(verdict).toMatchObject({ lost: 0, problems: [] });
  });

  it('finds totals that do not add up', () => {
    const verdict = verdictOn('1', arrived(1, 2, 3), statsOf(3, { delivered: 2 }));

    expect(verdict.problems).toEqual([expect.stringContaining('accepted is not delivered')]);
  });

  it('looks for holes in epochs that ended with damage too, up to the last reading heard of', () => {
    const ledger = arrived(1);
    for (const seq of [1, 2, 4]) ledger.take('weather/1/reading', JSON.stringify({ epoch: '01JW9', seq }));
    ledger.take('weather/1/gap', gap(6, 7, '01JW9'));

    expect(verdictOn('1', ledger, statsOf(1))).toMatchObject({
      epochs: 2,
      delivered: 4,
      lost: 2,
      problems: ['01JW9: lost 3, 5'],
    });
  });
});
