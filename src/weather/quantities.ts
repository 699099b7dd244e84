/** How several values of a quantity become one: a direction is averaged as a vector, rain adds up. */
export type Combination = 'mean' | 'sum' | 'highest' | 'direction';

/** A limit of quality control: its default, and the least and most that the configuration may set. */
export type Limit = { readonly value: number; readonly least: number; readonly most: number };

/** Limits on how a value changes, for a quantity that neither jumps nor stands still. */
type SteadyLimits = {
  /** A larger change within a minute is suspect ... */
  readonly step: Limit;
  /** ... and one larger than this fails. */
  readonly stepFails?: Limit;
  /** A larger change within an hour is suspect; without it any change is believed after a minute. */
  readonly hourlyChange?: Limit;
  /** A smaller change over the stuck time is suspect. */
  readonly stuck: Limit;
  /** Above this value it may stand still. */
  readonly stuckUpTo?: Limit;
};

export type LimitName = 'min' | 'max' | keyof SteadyLimits;

export type QuantityChart = {
  readonly title: string;
  /** Where it is not the unit of the message. */
  readonly unit?: string;
  readonly style: 'area' | 'line' | 'points' | 'steps';
  /** Custom property of the page's colours; one of a common palette without. */
  readonly colour?: string;
  /** In a chart of several lines. */
  readonly line?: string;
  /** `shownDecimals` without. */
  readonly decimals?: number;
  /** Ends of the axis that are always in sight. */
  readonly min?: number;
  readonly max?: number;
  /** Least distance between the ends of the axis. */
  readonly span: number;
};

export type QuantityRecord = {
  /** For people. */
  readonly name: string;
  readonly unit: string;
  /** In a message; no instrument here is more accurate. */
  readonly decimals: number;
  /** In texts for people. */
  readonly shownDecimals: number;
  readonly combine: Combination;
  /** A value outside it fails. A number is fixed, a limit can be configured. */
  readonly range: { readonly min: number | Limit; readonly max: number | Limit };
  /** The most the air has ever done; up to it a value above the range is suspect and does not fail. */
  readonly record?: number;
  readonly steady?: SteadyLimits;
  /** Where the configuration has the limits, and the unit that ends their keys: `quality.wind.maxKmh`. */
  readonly configured?: { readonly section: string; readonly unit: string };
  /** In base units: the value times `factor`. */
  readonly metric?: { readonly name: string; readonly factor: number; readonly help: string };
  readonly chart?: QuantityChart;
  /** Appears only where something measures it; the others are in every message. */
  readonly optional?: true;
};

/** WMO: no more falls in a minute. */
export const MAX_RAIN_MM_PER_MINUTE = 40;

/** A gust is a mean over 3 s (WMO-No. 8 vol. I ch. 5). */
export const GUST_MS = 3_000;

/** The least that the highest 3 s mean can be of the mean over so long: all of it over whole times 3 s. */
export const gustShare = (lengthMs: number): number => lengthMs / (GUST_MS * Math.ceil(lengthMs / GUST_MS));

const limit = (value: number, least: number, most: number): Limit => ({ value, least, most });

/** Libelium's cup anemometer: 0 to 240 km/h; WMO: 75 m/s, 270 km/h. */
const maxWind = limit(240, 50, 500);
/** WMO's archive of extremes: a gust of 113.2 m/s, Barrow Island 1996. */
const WIND_RECORD_KMH = 408;

/**
 * Everything the program knows of its quantities, by their names in a message (contract: Messages). The history stores
 * values in this order without names: **append only**, and only optional ones.
 *
 * Sources of the limits. WMO: Guidelines on Quality Control Procedures for Data from Automatic Weather Stations
 * (Zahumenský 2004, CBS/OPAG-IOS; as quoted by others who implemented them) and WMO-No. 8. ZAMG: CBS/OPAG-IOS
 * (ET AWS-1)/Doc. 9(2), 2002. MADIS: surface observations, temporal consistency check.
 */
export const quantityTable = {
  /** Range: BME280 data sheet (-40 °C) and WMO for automatic stations (60 °C). Steps and stuck: WMO. Hour: MADIS. */
  temperature: {
    name: 'Temperature',
    unit: '°C',
    decimals: 1,
    shownDecimals: 1,
    combine: 'mean',
    range: { min: limit(-40, -90, 0), max: limit(60, 20, 85) },
    steady: {
      step: limit(3, 0.1, 50),
      stepFails: limit(10, 0.1, 100),
      hourlyChange: limit(19.4, 0.1, 100),
      stuck: limit(0.01, 0, 5),
    },
    configured: { section: 'temperature', unit: 'Celsius' },
    metric: {
      name: 'weather_temperature_celsius',
      factor: 1,
      help: 'Air temperature of the newest reading.',
    },
    chart: { title: 'Temperature', style: 'area', colour: '--temperature', span: 2 },
  },
  /**
   * %RH. Range: sound sensors show up to 102 at saturation, and an offset comes on top; above 100 it counts as 100.
   * Steps: WMO; a front takes humidity down by 20 in a minute. Hour: MADIS. Stuck: WMO exempts fog and says 1 %RH; the
   * BME280 shows its noise of 0.07 (data sheet) where dry air stands still by that measure, so 0.1 is enough here.
   */
  humidity: {
    name: 'Humidity',
    unit: '%RH',
    decimals: 1,
    shownDecimals: 0,
    combine: 'mean',
    range: { min: limit(0, 0, 50), max: limit(105, 90, 110) },
    steady: {
      step: limit(10, 0.1, 100),
      stepFails: limit(60, 0.1, 100),
      hourlyChange: limit(50, 0.1, 100),
      stuck: limit(0.1, 0, 20),
      stuckUpTo: limit(95, 0, 100),
    },
    configured: { section: 'humidity', unit: 'Percent' },
    metric: {
      name: 'weather_humidity_ratio',
      factor: 0.01,
      help: 'Relative humidity of the newest reading, 0 to 1.',
    },
    chart: { title: 'Humidity', unit: '%', style: 'area', colour: '--humidity', span: 10 },
  },
  /** Degrees true, where the wind comes from; `null` in a calm. */
  winddirection: {
    name: 'Wind direction',
    unit: '°',
    decimals: 0,
    shownDecimals: 0,
    combine: 'direction',
    range: { min: 0, max: 360 },
    metric: {
      name: 'weather_wind_direction_degrees',
      factor: 1,
      help: 'Where the wind of the newest reading comes from, degrees true.',
    },
    chart: { title: 'Wind direction', style: 'points', colour: '--wind', min: 0, max: 360, span: 360 },
  },
  /**
   * Mean over the interval. Step: WMO's 10 m/s; its 20 m/s, from which on a value is wrong, are left out: a downburst
   * can do that to a mean of seconds. Stuck: WMO's 0.5 m/s flagged weak steady wind; pulses picked up from the mains
   * are steadier than 0.5 km/h.
   */
  windintensity: {
    name: 'Wind',
    unit: 'km/h',
    decimals: 1,
    shownDecimals: 0,
    combine: 'mean',
    range: { min: 0, max: maxWind },
    record: WIND_RECORD_KMH,
    steady: { step: limit(36, 1, 500), stuck: limit(0.5, 0, 20) },
    configured: { section: 'wind', unit: 'Kmh' },
    metric: {
      name: 'weather_wind_speed_meters_per_second',
      factor: 1 / 3.6,
      help: 'Mean wind speed of the newest reading.',
    },
    chart: {
      title: 'Wind and gusts',
      style: 'area',
      colour: '--wind',
      line: 'mean',
      decimals: 1,
      min: 0,
      span: 10,
    },
  },
  /** Highest 3 s mean in the interval. */
  windgust: {
    name: 'Gust',
    unit: 'km/h',
    decimals: 1,
    shownDecimals: 0,
    combine: 'highest',
    range: { min: 0, max: maxWind },
    record: WIND_RECORD_KMH,
    configured: { section: 'wind', unit: 'Kmh' },
    metric: {
      name: 'weather_wind_gust_meters_per_second',
      factor: 1 / 3.6,
      help: 'Highest 3 s mean in the newest reading.',
    },
    chart: {
      title: 'Wind and gusts',
      style: 'line',
      colour: '--gust',
      line: 'gust',
      decimals: 1,
      min: 0,
      span: 10,
    },
  },
  /** Since the previous reading; a tip is 0.2794 mm. Its metric is that of the last hour. */
  rainheight: {
    name: 'Rain',
    unit: 'mm',
    decimals: 4,
    shownDecimals: 1,
    combine: 'sum',
    range: { min: 0, max: Number.POSITIVE_INFINITY },
    chart: { title: 'Rain, added up', style: 'steps', colour: '--rain', min: 0, span: 2 },
  },
  /** At the station. Range, steps and stuck: WMO. Hour: MADIS. */
  pressure: {
    name: 'Pressure',
    unit: 'hPa',
    decimals: 1,
    shownDecimals: 1,
    combine: 'mean',
    range: { min: limit(500, 300, 900), max: limit(1100, 900, 1200) },
    steady: {
      step: limit(0.5, 0.1, 50),
      stepFails: limit(2, 0.1, 100),
      hourlyChange: limit(10, 0.1, 100),
      stuck: limit(0.01, 0, 5),
    },
    configured: { section: 'pressure', unit: 'Hpa' },
    metric: {
      name: 'weather_pressure_pascals',
      factor: 100,
      help: 'Air pressure at the station in the newest reading.',
    },
    chart: { title: 'Pressure', style: 'area', colour: '--pressure', span: 4 },
  },
  /** Range: DS18B20 data sheet. At a metre's depth it stands still for days, so it is never stuck. */
  soiltemperature: {
    name: 'Soil temperature',
    unit: '°C',
    decimals: 1,
    shownDecimals: 1,
    combine: 'mean',
    range: { min: limit(-40, -55, 0), max: limit(70, 20, 125) },
    steady: { step: limit(3, 0.1, 50), stuck: limit(0, 0, 5) },
    configured: { section: 'soilTemperature', unit: 'Celsius' },
    metric: {
      name: 'weather_soil_temperature_celsius',
      factor: 1,
      help: 'Soil temperature of the newest reading.',
    },
    chart: { title: 'Soil temperature', style: 'area', span: 2 },
    optional: true,
  },
  /** Wherever its owner hung it: in a shelter, in water, in a box. */
  secondtemperature: {
    name: 'Second temperature',
    unit: '°C',
    decimals: 1,
    shownDecimals: 1,
    combine: 'mean',
    range: { min: limit(-55, -90, 0), max: limit(85, 20, 125) },
    steady: { step: limit(5, 0.1, 50), stuck: limit(0, 0, 5) },
    configured: { section: 'secondTemperature', unit: 'Celsius' },
    metric: {
      name: 'weather_second_temperature_celsius',
      factor: 1,
      help: 'Second temperature of the newest reading.',
    },
    chart: { title: 'Second temperature', style: 'area', span: 2 },
    optional: true,
  },
  /** Of the battery or the supply of the station. */
  supplyvoltage: {
    name: 'Supply voltage',
    unit: 'V',
    decimals: 2,
    shownDecimals: 2,
    combine: 'mean',
    range: { min: 0, max: 100 },
    metric: {
      name: 'weather_supply_volts',
      factor: 1,
      help: 'Supply voltage of the station in the newest reading.',
    },
    chart: { title: 'Supply voltage', style: 'line', span: 1 },
    optional: true,
  },
  /** Into the battery or the station; negative the other way. */
  supplycurrent: {
    name: 'Supply current',
    unit: 'A',
    decimals: 3,
    shownDecimals: 2,
    combine: 'mean',
    range: { min: -100, max: 100 },
    metric: {
      name: 'weather_supply_amperes',
      factor: 1,
      help: 'Supply current of the station in the newest reading.',
    },
    chart: { title: 'Supply current', style: 'line', span: 0.5 },
    optional: true,
  },
  /** Direct sun: 100,000 to 130,000 lx. */
  illuminance: {
    name: 'Illuminance',
    unit: 'lx',
    decimals: 0,
    shownDecimals: 0,
    combine: 'mean',
    range: { min: 0, max: 200_000 },
    metric: { name: 'weather_illuminance_lux', factor: 1, help: 'Illuminance of the newest reading.' },
    chart: { title: 'Illuminance', style: 'area', min: 0, span: 100 },
    optional: true,
  },
} as const satisfies Readonly<Record<string, QuantityRecord>>;

type Table = typeof quantityTable;

export type Quantity = keyof Table;

/** A test may give a table with more quantities than the compiler knows. */
export type QuantityTable = Readonly<Record<Quantity, QuantityRecord>>;

/** Quantities that combine in one of these ways. */
type QuantityWith<C extends Combination> = {
  [Q in Quantity]: Table[Q]['combine'] extends C ? Q : never;
}[Quantity];

type OptionalQuantity = {
  [Q in Quantity]: Table[Q] extends { readonly optional: true } ? Q : never;
}[Quantity];

/** In every message, measured or not. */
export type StandardQuantity = Exclude<Quantity, OptionalQuantity>;

/** Something for each standard quantity, and for those optional ones that are measured. */
export type PerQuantity<T> = Readonly<Record<StandardQuantity, T> & Partial<Record<OptionalQuantity, T>>>;

/** All limits of a quantity by their names. */
export const limitsOf = ({ range, steady }: QuantityRecord): Partial<Record<LimitName, number | Limit>> => ({
  ...range,
  ...steady,
});

/** In the order of the table. */
export const quantities = Object.keys(quantityTable) as readonly Quantity[];

export const quantitiesOf = (table: QuantityTable): readonly Quantity[] =>
  table === quantityTable ? quantities : (Object.keys(table) as Quantity[]);

/** Something for each quantity, without those optional ones for which `of` gives `undefined`. */
export const perQuantity = <T>(
  of: (quantity: Quantity) => T | undefined,
  table: QuantityTable = quantityTable,
): PerQuantity<T> => {
  const all: Partial<Record<Quantity, T>> = {};
  for (const quantity of quantitiesOf(table)) {
    const something = of(quantity);
    if (something !== undefined) all[quantity] = something;
  }
  return all as PerQuantity<T>;
};

export const perStandardQuantity = <T>(
  of: (quantity: Quantity) => T,
  table: QuantityTable = quantityTable,
): Record<StandardQuantity, T> =>
  perQuantity((quantity) => (isOptional(table[quantity]) ? undefined : of(quantity)), table);

export const isOptional = ({ optional }: QuantityRecord): boolean => optional === true;

/** Names of the quantities that combine in one of these ways, in the order of the table. */
export const quantitiesWith = <C extends Combination>(...combinations: readonly C[]): QuantityWith<C>[] =>
  quantities.filter((quantity): quantity is QuantityWith<C> =>
    (combinations as readonly Combination[]).includes(quantityTable[quantity].combine),
  );
