import { formatChange, formatNumber, formatWithUnit } from './format.ts';

/** `mixed` is the British way: °C and hPa, but miles an hour; rain in millimetres. */
export const unitSystems = ['metric', 'imperial', 'mixed'] as const;
export type UnitSystem = (typeof unitSystems)[number];

/** How people of a system write a value that the gateway holds in another unit. */
export type DisplayUnit = {
  readonly unit: string;
  readonly factor: number;
  readonly offset: number;
  /** Added to those of the gateway's unit, so that a last digit means about as much. */
  readonly moreDecimals: number;
};

const MPH_PER_KMH = 1 / 1.609344;
const INCHES_PER_MM = 1 / 25.4;
const INHG_PER_HPA = 1 / 33.8638866667;

const asIs = (unit: string): DisplayUnit => ({ unit, factor: 1, offset: 0, moreDecimals: 0 });

const milesPerHour: DisplayUnit = { unit: 'mph', factor: MPH_PER_KMH, offset: 0, moreDecimals: 0 };

const units: Readonly<Record<UnitSystem, Readonly<Record<string, DisplayUnit>>>> = {
  metric: {},
  imperial: {
    '°C': { unit: '°F', factor: 1.8, offset: 32, moreDecimals: 0 },
    'km/h': milesPerHour,
    mm: { unit: 'in', factor: INCHES_PER_MM, offset: 0, moreDecimals: 1 },
    'mm/h': { unit: 'in/h', factor: INCHES_PER_MM, offset: 0, moreDecimals: 1 },
    hPa: { unit: 'inHg', factor: INHG_PER_HPA, offset: 0, moreDecimals: 1 },
  },
  mixed: { 'km/h': milesPerHour },
};

/** Units that a system does not change stay as they are. */
export const displayUnit = (system: UnitSystem, unit: string): DisplayUnit =>
  units[system][unit] ?? asIs(unit);

export const converted = (value: number, { factor, offset }: DisplayUnit): number => value * factor + offset;

type Value = number | null | undefined;

/** Writes values in the units of a system; `unit` and `decimals` are the gateway's. */
export type UnitFormat = {
  readonly system: UnitSystem;
  number(value: Value, unit: string, decimals?: number): string;
  withUnit(value: Value, unit: string, decimals?: number): string;
  /** A difference, with its sign and an arrow. */
  change(value: Value, unit: string): string;
};

export const unitFormat = (system: UnitSystem): UnitFormat => {
  const inUnit = (value: Value, display: DisplayUnit): Value =>
    value === null || value === undefined ? value : converted(value, display);
  return {
    system,
    number: (value, unit, decimals = 1) => {
      const display = displayUnit(system, unit);
      return formatNumber(inUnit(value, display), decimals + display.moreDecimals);
    },
    withUnit: (value, unit, decimals = 1) => {
      const display = displayUnit(system, unit);
      return formatWithUnit(inUnit(value, display), display.unit, decimals + display.moreDecimals);
    },
    change: (value, unit) => {
      const display = displayUnit(system, unit);
      const difference = inUnit(value, { ...display, offset: 0 });
      return formatChange(difference, display.unit, 1 + display.moreDecimals);
    },
  };
};
