import { describe, expect, it } from 'vitest';
import { type Boots, noteInstant, stampOf } from '../../src/time/time-keeper.ts';
import type { Instant } from '../../src/weather/reading.ts';

const HOUR_MS = 3_600_000;
const T0 = Date.UTC(2026, 0, 1);

const at = (bootId: string, monotonicMs: number, offsetMs: number): Instant => ({
  bootId,
  monotonicMs,
  wallMs: monotonicMs + offsetMs,
  synchronized: false,
});

const synced = (instant: Instant): Instant => ({ ...instant, synchronized: true });

const noted = (...instants: Instant[]): Boots => instants.reduce(noteInstant, []);

describe('the stamp of a reading', () => {
  it('is its own wall clock when that was right', () => {
    expect(stampOf(synced(at('a', 5, T0)), [])).toEqual({ wallMs: T0 + 5, timequality: 'synced' });
  });

  it('is corrected once the clock is set in the same boot, whichever way it stepped', () => {
    const early = at('a', 1_000, T0 - 24 * HOUR_MS);
    const boots = noted(early, synced(at('a', 60_000, T0)));

    expect(stampOf(early, boots)).toEqual({ wallMs: T0 + 1_000, timequality: 'corrected' });
  });

  it('ignores a wrong step after the clock was known to be right', () => {
    const afterStep = at('a', 9_000, T0 + 365 * 24 * HOUR_MS);
    const boots = noted(synced(at('a', 1_000, T0)), afterStep);

    expect(stampOf(afterStep, boots)).toEqual({ wallMs: T0 + 9_000, timequality: 'corrected' });
  });

  it('is an estimate for a boot that never knew the time, at the belief of that boot when nothing speaks against it', () => {
    const lone = at('a', 1_000, T0);
    expect(stampOf(lone, noted(lone))).toEqual({ wallMs: T0 + 1_000, timequality: 'estimated' });
    expect(stampOf(lone, [])).toEqual({ wallMs: T0 + 1_000, timequality: 'estimated' });
  });

  it('puts such a boot behind the end of the boot before it', () => {
    const before = synced(at('a', 10 * HOUR_MS, T0));
    const lost = at('b', 1_000, T0 - 100 * HOUR_MS);

    const stamp = stampOf(lost, noted(before, lost));

    expect(stamp).toEqual({ wallMs: T0 + 10 * HOUR_MS, timequality: 'estimated' });
  });

  it('puts such a boot in front of the beginning of the boot after it', () => {
    const lost = at('b', 1_000, T0 + 100 * HOUR_MS);
    const lastLost = at('b', HOUR_MS, T0 + 100 * HOUR_MS);
    const after = synced(at('c', 0, T0 + 2 * HOUR_MS));

    const boots = noted(lost, lastLost, after);

    expect(stampOf(lastLost, boots).wallMs).toBe(T0 + 2 * HOUR_MS);
    expect(stampOf(lost, boots).wallMs).toBe(T0 + HOUR_MS + 1_000);
  });

  it('looks past neighbours that never knew the time either', () => {
    const before = synced(at('a', 10 * HOUR_MS, T0));
    const between = at('b', 1_000, 0);
    const lost = at('c', 1_000, 0);

    expect(stampOf(lost, noted(before, between, lost)).wallMs).toBe(T0 + 10 * HOUR_MS);
  });

  it('keeps at most two hundred boots, dropping the oldest', () => {
    const boots = noted(...Array.from({ length: 201 }, (_, index) => at(`boot-${index}`, 1, T0)));

    expect(boots).toHaveLength(200);
    expect(boots[0]?.bootId).toBe('boot-1');
  });
});
