import { afterEach, describe, expect, it, vi } from 'vitest';
import { isTimeZone, LocalDays } from '../../src/weather/day.ts';

const HOUR_MS = 3_600_000;

describe('a local day', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ['Europe/London', '2026-06-01T22:59:59Z', '2026-06-01', '2026-05-31T23:00:00Z'],
    ['Europe/London', '2026-06-01T23:00:00Z', '2026-06-02', '2026-06-01T23:00:00Z'],
    ['America/New_York', '2026-01-01T04:59:59Z', '2025-12-31', '2025-12-31T05:00:00Z'],
    ['Asia/Kathmandu', '2026-01-01T18:15:00Z', '2026-01-02', '2026-01-01T18:15:00Z'],
    ['Pacific/Apia', '2026-01-01T11:00:00Z', '2026-01-02', '2026-01-01T11:00:00Z'],
    // Clocks went from 00:00 to 01:00 there.
    ['Africa/Cairo', '2026-04-24T10:00:00Z', '2026-04-24', '2026-04-23T22:00:00Z'],
    ['UTC', '2026-03-01T12:00:00Z', '2026-03-01', '2026-03-01T00:00:00Z'],
  ])('in %s at %s is %s, since %s', (zone, at, date, start) => {
    expect(new LocalDays(zone).dayOf(Date.parse(at))).toEqual({ date, startMs: Date.parse(start) });
  });

  it.each([
    ['2026-03-29', 23],
    ['2026-10-25', 25],
    ['2026-06-01', 24],
  ])('in Europe/Berlin on %s has %i hours', (date, hours) => {
    const days = new LocalDays('Europe/Berlin');
    const { startMs } = days.dayOf(Date.parse(`${date}T12:00:00Z`));

    expect(days.dayOf(startMs - 1).date).not.toBe(date);
    expect(days.dayOf(startMs + hours * HOUR_MS - 1).date).toBe(date);
    expect(days.dayOf(startMs + hours * HOUR_MS).date).not.toBe(date);
  });

  it('goes by the zone of the machine where none is given', () => {
    expect(new LocalDays().timeZone).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
  });

  it('keeps the name that it was given', () => {
    expect(new LocalDays('Asia/Kathmandu').timeZone).toBe('Asia/Kathmandu');
  });

  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    [':/etc/localtime', 'UTC'],
    ['', 'UTC'],
    ['Nowhere/At all', 'UTC'],
  ])('goes by a zone that has a name where TZ is "%s"', (tz, name) => {
    vi.stubEnv('TZ', tz);

    expect(new LocalDays().timeZone).toBe(name);
    expect(isTimeZone(new LocalDays().timeZone)).toBe(true);
  });
});
