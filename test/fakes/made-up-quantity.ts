import { type Quantity, type QuantityRecord, quantityTable } from '../../src/weather/quantities.ts';
import type { Values } from '../../src/weather/reading.ts';

/** One record is all that a new quantity takes. */
const snowDepth: QuantityRecord = {
  name: 'Snow depth',
  unit: 'cm',
  decimals: 1,
  shownDecimals: 0,
  combine: 'highest',
  range: { min: 0, max: { value: 300, least: 10, most: 1000 } },
  steady: {
    step: { value: 5, least: 0, most: 100 },
    stepFails: { value: 50, least: 0, most: 100 },
    stuck: { value: 0, least: 0, most: 10 },
  },
  configured: { section: 'snowdepth', unit: 'Centimetres' },
  metric: { name: 'weather_snow_depth_meters', factor: 0.01, help: 'Depth of snow in the newest reading.' },
  chart: { title: 'Snow depth', style: 'area', min: 0, span: 10 },
  optional: true,
};

/** The table with a quantity that this release does not have. */
export const tableWithSnow = { ...quantityTable, snowdepth: snowDepth };

/** By the name that the compiler does not know. */
export const snowdepth = 'snowdepth' as Quantity;

export const withSnow = (values: Values, depthCm: number | null): Values => {
  const more = { ...values, snowdepth: depthCm };
  return more;
};
