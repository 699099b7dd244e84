import { z } from 'zod';
import { derivedQuantities } from '../weather/derived.ts';
import { quantities, quantitiesWith } from '../weather/quantities.ts';
import { decimalNumber, gpioLine, oneOf, text, wholeNumber } from './fields.ts';

/** Quantities that a rate or a trend can be computed of: rain has no slope, and directions no order. */
const trendQuantities = quantitiesWith('mean', 'highest');

/** Quantities that a limit can be set on: of the reading, and derived from the latest ones. */
const limitQuantities = [
  ...trendQuantities,
  ...quantitiesWith('sum'),
  ...derivedQuantities.filter((quantity) => quantity !== 'windmeandirection'),
];

const severity = () => oneOf(['warning', 'alert']).default('warning').describe('Severity of the event.');
const delaySeconds = (value: number, what: string) =>
  decimalNumber(0, 86_400).default(value).describe(`${what}, s. 0 to 86400.`);

const outputSchema = z
  .strictObject({
    gpio: gpioLine().describe('BCM number of the line. 0 to 27.'),
    activeLow: z
      .boolean('true or false')
      .default(false)
      .describe('true when the low level switches the line on, as on most relay boards.'),
  })
  .describe('LED, buzzer or relay that is on while the rule is active; rules may share one.');

const common = {
  id: text(64).describe('Name of the rule, once in the list.'),
  output: outputSchema.exactOptional(),
  reminderMinutes: wholeNumber(0, 10_080)
    .default(720)
    .describe('Time between two reminders of an active rule, min. 0 (none) to 10080.'),
  minIntervalSeconds: decimalNumber(0, 86_400)
    .default(60)
    .describe('Minimum time between raising, clearing and raising again, s. 0 to 86400.'),
};

const levels = (min: number) => ({
  warning: decimalNumber(min, 2000)
    .exactOptional()
    .describe('Limit of a warning, in the unit of the quantity.'),
  alert: decimalNumber(min, 2000).exactOptional().describe('Limit of an alert, in the unit of the quantity.'),
  hysteresis: decimalNumber(0, 1000).describe(
    'How far the value must return past the limit before the rule clears, in the unit of the quantity. 0 to 1000.',
  ),
});

type Levels = { readonly warning?: number; readonly alert?: number };

const hasLimit = ({ warning, alert }: Levels): boolean => warning !== undefined || alert !== undefined;
const LIMIT_MISSING = 'a limit: warning, alert or both';

const isOrdered = ({ warning, alert }: Levels, isAbove: boolean): boolean =>
  warning === undefined || alert === undefined || (isAbove ? alert >= warning : alert <= warning);
const ORDER = { error: 'an alert limit that lies beyond the warning limit', path: ['alert'] };

const limitRuleSchema = z
  .strictObject({
    ...common,
    kind: z.literal('limit'),
    quantity: oneOf(limitQuantities),
    direction: oneOf(['above', 'below']).describe('Side of the limit on which the rule is raised.'),
    ...levels(-1000),
    onDelaySeconds: delaySeconds(60, 'How long the condition must last before the rule is raised'),
    offDelaySeconds: delaySeconds(300, 'How long the condition must be over before the rule is cleared'),
  })
  .refine(hasLimit, LIMIT_MISSING)
  .refine((rule) => isOrdered(rule, rule.direction === 'above'), ORDER)
  .describe('A value beyond a limit.');

const rateRuleSchema = z
  .strictObject({
    ...common,
    kind: z.literal('rate'),
    quantity: oneOf(trendQuantities),
    direction: oneOf(['rising', 'falling']),
    windowMinutes: wholeNumber(2, 360).describe('Time over which the change is measured, min. 2 to 360.'),
    ...levels(0.01),
    onDelaySeconds: delaySeconds(60, 'How long the condition must last before the rule is raised'),
    offDelaySeconds: delaySeconds(900, 'How long the condition must be over before the rule is cleared'),
  })
  .refine(hasLimit, LIMIT_MISSING)
  .refine((rule) => isOrdered(rule, true), ORDER)
  .describe('A change within the window (least-squares slope) beyond a limit, in the given direction.');

const trendRuleSchema = z
  .strictObject({
    ...common,
    kind: z.literal('trend'),
    quantity: oneOf(trendQuantities),
    direction: oneOf(['above', 'below']).describe('Side of the limit on which the rule is raised.'),
    limit: decimalNumber(-1000, 2000).describe('Limit that will be reached, in the unit of the quantity.'),
    severity: severity(),
    horizonMinutes: wholeNumber(1, 360)
      .default(30)
      .describe('Raised when the limit will be reached sooner than this, min. 1 to 360.'),
    clearHorizonMinutes: wholeNumber(1, 720)
      .default(45)
      .describe('Cleared when it will be reached later than this, min. 1 to 720.'),
    windowMinutes: wholeNumber(5, 180)
      .default(20)
      .describe('Time over which the trend is measured, min. 5 to 180.'),
    minSamples: wholeNumber(3, 180).default(10).describe('Minimum number of minutes with a value. 3 to 180.'),
    minFit: decimalNumber(0, 1)
      .default(0.7)
      .describe('Minimum share of the variance that the line explains (R²). 0 to 1.'),
    minChange: decimalNumber(0, 1000).describe(
      'A smaller change over the window is noise, in the unit of the quantity. 0 to 1000.',
    ),
    onDelaySeconds: delaySeconds(60, 'How long the condition must last before the rule is raised'),
    offDelaySeconds: delaySeconds(300, 'How long the condition must be over before the rule is cleared'),
  })
  .refine(({ horizonMinutes, clearHorizonMinutes }) => clearHorizonMinutes >= horizonMinutes, {
    error: 'at least horizonMinutes',
    path: ['clearHorizonMinutes'],
  })
  .refine(({ minSamples, windowMinutes }) => minSamples <= windowMinutes, {
    error: 'at most windowMinutes: there is one sample a minute',
    path: ['minSamples'],
  })
  .describe('A warning before a value reaches a limit.');

const sensorRuleSchema = z
  .strictObject({
    ...common,
    kind: z.literal('sensor'),
    quantities: z
      .array(oneOf(quantities))
      .min(1, 'at least one quantity')
      .default([...quantities])
      .describe('Quantities that are watched.'),
    readings: wholeNumber(1, 1000)
      .default(3)
      .describe('Number of readings without a valid value before the rule is raised. 1 to 1000.'),
    severity: severity(),
    offDelaySeconds: delaySeconds(
      60,
      'How long every quantity must be valid again before the rule is cleared',
    ),
  })
  .describe('An instrument that is missing, out of range or stuck.');

/** Rules that are decided on the station, with or without a network. */
export const preAlertsSchema = z
  .array(
    z.discriminatedUnion('kind', [limitRuleSchema, rateRuleSchema, trendRuleSchema, sensorRuleSchema], {
      error: ({ input }) =>
        typeof input === 'object' && input !== null
          ? 'one of limit, rate, trend, sensor'
          : 'a rule such as those in config/gateway.yaml',
    }),
  )
  .describe('Pre-alert rules, decided on the station with or without a network.');

export type PreAlertRule = z.output<typeof preAlertsSchema>[number];
export type LimitRule = z.output<typeof limitRuleSchema>;
export type RateRule = z.output<typeof rateRuleSchema>;
export type TrendRule = z.output<typeof trendRuleSchema>;
export type SensorRule = z.output<typeof sensorRuleSchema>;
