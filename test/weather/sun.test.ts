import { describe, expect, it } from 'vitest';
import { LocalDays, type Place, sunOf } from '../../src/weather/day.ts';

const places = {
  'Europe/London': { latitude: 51.5, longitude: -0.13 },
  'Australia/Sydney': { latitude: -33.87, longitude: 151.21 },
  'America/New_York': { latitude: 40.71, longitude: -74.01 },
  'Pacific/Apia': { latitude: -13.83, longitude: -171.76 },
} as const satisfies Readonly<Record<string, Place>>;

const minutesOf = (time: string): number => {
  const [hours, minutes] = time.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
};

describe('the sun', () => {
  it.each([
    // As almanacs print them.
    ['Europe/London', '2024-06-20', '04:43', '21:21'],
    ['Europe/London', '2024-12-21', '08:04', '15:53'],
    ['Australia/Sydney', '2024-12-21', '05:41', '20:05'],
    ['America/New_York', '2024-06-20', '05:25', '20:31'],
    ['America/New_York', '2024-12-21', '07:17', '16:32'],
  ] as const)('in %s on %s rises at %s and sets at %s', (zone, date, rise, set) => {
    const days = new LocalDays(zone);
    const { startMs } = days.dayOf(Date.parse(`${date}T12:00:00Z`));
    const sun = sunOf(startMs + 43_200_000, places[zone]);

    if (sun.up !== 'by day') throw new Error('it rises there');
    expect(Math.abs(minutesOf(days.timeOf(sun.riseMs)) - minutesOf(rise))).toBeLessThanOrEqual(2);
    expect(Math.abs(minutesOf(days.timeOf(sun.setMs)) - minutesOf(set))).toBeLessThanOrEqual(2);
  });

  it.each(['Europe/London', 'Australia/Sydney', 'America/New_York', 'Pacific/Apia'] as const)(
    'in %s rises and sets on the local day it is asked about',
    (zone) => {
      const days = new LocalDays(zone);
      for (let day = 0; day < 366; day += 1) {
        const { startMs, date } = days.dayOf(Date.UTC(2024, 0, 1, 12) + day * 86_400_000);
        const sun = sunOf(startMs + 43_200_000, places[zone]);
        if (sun.up !== 'by day') throw new Error('it rises there');
        expect([days.dayOf(sun.riseMs).date, days.dayOf(sun.setMs).date]).toEqual([date, date]);
      }
    },
  );

  it('does not set in an arctic summer and does not rise in its winter', () => {
    const tromso = { latitude: 69.65, longitude: 18.96 };

    expect(sunOf(Date.UTC(2026, 5, 21, 12), tromso)).toEqual({ up: 'always' });
    expect(sunOf(Date.UTC(2026, 11, 21, 12), tromso)).toEqual({ up: 'never' });
    expect(sunOf(Date.UTC(2026, 5, 21, 12), { latitude: 90, longitude: 0 })).toEqual({ up: 'always' });
  });
});
