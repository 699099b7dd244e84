import type { Quantity } from '../weather/reading.ts';
import type { RuleQuantity } from './observation.ts';

type Name = { readonly name: string; readonly unit: string; readonly digits: number };

const NAMES: Readonly<Record<RuleQuantity | Quantity, Name>> = {
  temperature: { name: 'Temperature', unit: '°C', digits: 1 },
  humidity: { name: 'Humidity', unit: '%RH', digits: 0 },
  winddirection: { name: 'Wind direction', unit: '°', digits: 0 },
  windintensity: { name: 'Wind', unit: 'km/h', digits: 0 },
  windgust: { name: 'Gust', unit: 'km/h', digits: 0 },
  rainheight: { name: 'Rain', unit: 'mm', digits: 1 },
  pressure: { name: 'Pressure', unit: 'hPa', digits: 1 },
  windmean: { name: '10-minute wind', unit: 'km/h', digits: 0 },
  windmaxgust: { name: '10-minute gust', unit: 'km/h', digits: 0 },
  rainintensity: { name: 'Rain intensity', unit: 'mm/h', digits: 1 },
  rainhour: { name: 'Rain of the last hour', unit: 'mm', digits: 1 },
  dewpoint: { name: 'Dew point', unit: '°C', digits: 1 },
  sealevelpressure: { name: 'Sea-level pressure', unit: 'hPa', digits: 1 },
  pressuretendency: { name: '3-hour pressure tendency', unit: 'hPa', digits: 1 },
  heatindex: { name: 'Heat index', unit: '°C', digits: 1 },
  windchill: { name: 'Wind chill', unit: '°C', digits: 1 },
};

export const nameOf = (quantity: RuleQuantity | Quantity): string => NAMES[quantity].name;

export const unitOf = (quantity: RuleQuantity | Quantity): string => NAMES[quantity].unit;

/** A number as a person writes it: `40`, `36.2`. */
export const written = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

/** A value with its unit, as precise as the instrument: `36.2 °C`. */
export const amount = (quantity: RuleQuantity | Quantity, value: number): string =>
  `${value.toFixed(NAMES[quantity].digits)} ${NAMES[quantity].unit}`;

/** A limit with its unit, as it was configured: `40 °C`. */
export const limitAmount = (quantity: RuleQuantity | Quantity, limit: number): string =>
  `${written(limit, 2)} ${NAMES[quantity].unit}`;
