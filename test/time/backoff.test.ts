import { describe, expect, it } from 'vitest';
import { Backoff } from '../../src/time/backoff.ts';

describe('the back-off', () => {
  it('doubles its bound up to the cap', () => {
    const backoff = new Backoff({ baseMs: 1_000, random: () => 1 });

    expect([1, 2, 3, 4, 5].map(() => backoff.nextMs(10_000))).toEqual([1_000, 2_000, 4_000, 8_000, 10_000]);
  });

  it('draws from the whole range below the bound', () => {
    const backoff = new Backoff({ baseMs: 1_000, random: () => 0.25 });
    backoff.nextMs(10_000);

    expect(backoff.nextMs(10_000)).toBe(500);
  });

  it('starts over when reset', () => {
    const backoff = new Backoff({ baseMs: 1_000, random: () => 1 });
    backoff.nextMs(10_000);
    backoff.reset();

    expect(backoff.nextMs(10_000)).toBe(1_000);
  });

  it('stays at the cap however often it failed', () => {
    const backoff = new Backoff({ baseMs: 1_000, random: () => 1 });
    for (let failures = 0; failures < 5_000; failures += 1) backoff.nextMs(1_000);

    expect(backoff.nextMs(128_000)).toBe(128_000);
  });
});
