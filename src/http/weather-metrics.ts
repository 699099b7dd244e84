import { isOptional, type QuantityTable, quantitiesOf } from '../weather/quantities.ts';
import { gauge, type MetricDefinition, scaled } from './metric-definition.ts';

const METRES_PER_MM = 0.001;

/** The newest reading in the units of the Prometheus convention. */
export const weatherMetricsOf = (table: QuantityTable): readonly MetricDefinition[] => [
  ...quantitiesOf(table).flatMap((quantity): MetricDefinition[] => {
    const { metric } = table[quantity];
    if (metric === undefined) return [];
    const { name, help, factor } = metric;
    const definition = gauge(name, help, ({ latest }) => scaled(latest?.[quantity], factor));
    return [{ ...definition, isOptional: isOptional(table[quantity]) }];
  }),
  gauge(
    'weather_rain_last_hour_meters',
    'Rain of the last hour: a reading has only that of its own few seconds.',
    ({ derived }) => scaled(derived?.rainhour, METRES_PER_MM),
  ),
];
