import { describe, expect, it } from 'vitest';
import { DeliveryTimes } from './delivery-times.ts';

const at = (seq: number, epoch = 'a') => ({ epoch, seq });

describe('the time that readings took', () => {
  it('runs from the last look at which the reading had not been accepted', () => {
    const times = new DeliveryTimes(0);
    times.look(1_000, { epoch: 'a', nextSeq: 5 });
    times.look(2_000, { epoch: 'a', nextSeq: 6 });
    times.look(3_000, { epoch: 'a', nextSeq: 6 });
    times.deliver(3_500, at(5));

    expect(times.longestMs()).toBe(2_500);
  });

  it('counts the time in which the gateway was away', () => {
    const times = new DeliveryTimes(0);
    times.look(1_000, { epoch: 'a', nextSeq: 5 });
    times.look(61_000, { epoch: 'a', nextSeq: 9 });
    times.deliver(61_500, at(8));

    expect(times.longestMs()).toBe(60_500);
  });

  it('is that of the slowest', () => {
    const times = new DeliveryTimes(0);
    times.deliver(700, at(1));
    times.look(1_000, { epoch: 'a', nextSeq: 2 });
    times.deliver(1_100, at(2));

    expect(times.longestMs()).toBe(700);
  });

  it('does not take the looks at a later epoch for looks at this one', () => {
    const times = new DeliveryTimes(0);
    times.look(1_000, { epoch: 'a', nextSeq: 2 });
    times.look(9_000, { epoch: 'b', nextSeq: 1 });
    times.deliver(10_000, at(2));
    times.deliver(10_000, at(1, 'b'));

    expect(times.longestMs()).toBe(9_000);
  });

  it('starts a new epoch at the last look before it', () => {
    const times = new DeliveryTimes(0);
    times.look(4_000, { epoch: 'a', nextSeq: 2 });
    times.look(5_000, { epoch: 'b', nextSeq: 3 });
    times.deliver(6_000, at(1, 'b'));

    expect(times.longestMs()).toBe(2_000);
  });
});
