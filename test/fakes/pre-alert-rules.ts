import { type PreAlertRule, preAlertsSchema } from '../../src/config/pre-alerts-schema.ts';

/** A rule as it would be written in the file, completed with its defaults. */
export const ruleOf = (written: Readonly<Record<string, unknown>>): PreAlertRule => {
  // A key that is undefined would not be in the file.
  const [rule] = preAlertsSchema.parse(JSON.parse(JSON.stringify([{ id: 'rule', ...written }])));
  if (!rule) throw new Error('a list of one has one');
  return rule;
};

/** Temperature above 35 °C, 38 °C an alert, one degree of hysteresis, raised and cleared at once. */
export const heatRule = (written: Readonly<Record<string, unknown>> = {}): PreAlertRule =>
  ruleOf({
    id: 'heat',
    kind: 'limit',
    reminderMinutes: 30,
    quantity: 'temperature',
    direction: 'above',
    warning: 35,
    alert: 38,
    hysteresis: 1,
    onDelaySeconds: 0,
    offDelaySeconds: 0,
    minIntervalSeconds: 0,
    ...written,
  });
