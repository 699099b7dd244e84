import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/time/clock.ts';
import { describeEdgeSource } from '../contract/edge-source.ts';
import { createFakeEdgeSource } from './edge-source.ts';

describeEdgeSource('the fake', () => {
  const source = createFakeEdgeSource();
  return Promise.resolve({
    source,
    lines: [5, 6],
    otherLine: 13,
    pulse: (line) => {
      for (const level of [0, 1] as const) source.edge(line, level, systemClock.monotonicMs());
      return Promise.resolve();
    },
  });
});

describe('the fake edge source', () => {
  it('is not armed while it has a fault, and tells of it', async () => {
    const source = createFakeEdgeSource({ fault: new Error('no chip') });
    const faults: (string | undefined)[] = [];
    const watching = source.watch(
      [5],
      () => undefined,
      (fault) => faults.push(fault?.message),
    );
    source.setFault(null);
    await watching;

    expect(faults).toEqual(['no chip', undefined]);
  });
});
