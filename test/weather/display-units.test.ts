import { describe, expect, it } from 'vitest';
import { converted, displayUnit, type UnitSystem } from '../../src/weather/display-units.ts';

describe('units for people', () => {
  it.each<[UnitSystem, string, number, string, number]>([
    ['imperial', '°C', 100, '°F', 212],
    ['imperial', '°C', -40, '°F', -40],
    ['imperial', 'km/h', 1.609344, 'mph', 1],
    ['imperial', 'mm', 25.4, 'in', 1],
    ['imperial', 'mm/h', 50.8, 'in/h', 2],
    ['imperial', 'hPa', 1013.25, 'inHg', 29.9213],
    ['imperial', '%', 50, '%', 50],
    ['imperial', 'V', 12, 'V', 12],
    ['mixed', 'km/h', 160.9344, 'mph', 100],
    ['mixed', '°C', 20, '°C', 20],
    ['mixed', 'mm', 3, 'mm', 3],
    ['metric', 'km/h', 10, 'km/h', 10],
  ])('of the %s system: %s %f as %s %f', (system, unit, value, shownUnit, shown) => {
    const display = displayUnit(system, unit);

    expect(display.unit).toBe(shownUnit);
    expect(converted(value, display)).toBeCloseTo(shown, 3);
  });
});
