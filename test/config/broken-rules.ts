import type { BrokenConfiguration } from './broken-configurations.ts';

/** Whole and valid; the rules begin on line 4. */
const SMALLEST =
  'station: { id: "1", name: A }\naws: { endpoint: localhost, certificate: /c.pem, privateKey: /c.key }\n';

const rules = (...items: readonly string[]): string =>
  `${SMALLEST}preAlerts:\n${items.map((item) => `  - ${item}\n`).join('')}`;

/** Of pre-alert rules and what they switch. */
export const brokenRules: readonly BrokenConfiguration[] = [
  {
    title: 'a rule that is a word',
    text: rules('heat'),
    problems: ['4:5: preAlerts[0]: found "heat"; allowed: a rule such as those in config/gateway.yaml'],
  },
  {
    title: 'a rule without a kind',
    text: rules('{ id: a, quantity: temperature }'),
    problems: ['4:5: preAlerts[0].kind: found nothing; allowed: one of limit, rate, trend, sensor'],
  },
  {
    title: 'a rule of a kind that does not exist',
    text: rules('{ id: a, kind: threshold }'),
    problems: ['4:20: preAlerts[0].kind: found "threshold"; allowed: one of limit, rate, trend, sensor'],
  },
  {
    title: 'a rule without a name',
    text: rules('{ kind: limit, quantity: temperature, direction: above, warning: 35, hysteresis: 1 }'),
    problems: ['4:5: preAlerts[0].id: found nothing; allowed: text of 1 to 64 characters'],
  },
  {
    title: 'a rule with an empty name',
    text: rules('{ id: "", kind: sensor }'),
    problems: ['4:7: preAlerts[0].id: found ""; allowed: text of 1 to 64 characters'],
  },
  {
    title: 'a key of a rule mistyped',
    text: rules(
      '{ id: a, kind: limit, quantity: temperature, direction: above, warning: 35, hysterese: 1, hysteresis: 1 }',
    ),
    problems: [
      '4:81: preAlerts[0].hysterese: found an unknown key; allowed: id, output, reminderMinutes, minIntervalSeconds, kind, quantity, direction, warning, alert, hysteresis, onDelaySeconds, offDelaySeconds (did you mean hysteresis?)',
    ],
  },
  {
    title: 'a key of another kind of rule',
    text: rules(
      '{ id: a, kind: limit, quantity: temperature, direction: above, warning: 35, hysteresis: 1, windowMinutes: 30 }',
    ),
    problems: [
      '4:96: preAlerts[0].windowMinutes: found an unknown key; allowed: id, output, reminderMinutes, minIntervalSeconds, kind, quantity, direction, warning, alert, hysteresis, onDelaySeconds, offDelaySeconds',
    ],
  },
  {
    title: 'a limit rule without a limit',
    text: rules('{ id: a, kind: limit, quantity: temperature, direction: above, hysteresis: 1 }'),
    problems: ['4:5: preAlerts[0]: found a mapping; allowed: a limit: warning, alert or both'],
  },
  {
    title: 'a limit rule without hysteresis',
    text: rules('{ id: a, kind: limit, quantity: temperature, direction: above, warning: 35 }'),
    problems: ['4:5: preAlerts[0].hysteresis: found nothing; allowed: a number from 0 to 1000'],
  },
  {
    title: 'a negative hysteresis',
    text: rules(
      '{ id: a, kind: limit, quantity: temperature, direction: above, warning: 35, hysteresis: -1 }',
    ),
    problems: ['4:93: preAlerts[0].hysteresis: found -1; allowed: a number from 0 to 1000'],
  },
  {
    title: 'a limit with its unit',
    text: rules(
      '{ id: a, kind: limit, quantity: temperature, direction: above, warning: 35 °C, hysteresis: 1 }',
    ),
    problems: ['4:77: preAlerts[0].warning: found "35 °C"; allowed: a number from -1000 to 2000'],
  },
  {
    title: 'an alert below the warning of heat',
    text: rules(
      '{ id: a, kind: limit, quantity: temperature, direction: above, warning: 38, alert: 35, hysteresis: 1 }',
    ),
    problems: [
      '4:88: preAlerts[0].alert: found 35; allowed: an alert limit that lies beyond the warning limit',
    ],
  },
  {
    title: 'an alert above the warning of frost',
    text: rules(
      '{ id: a, kind: limit, quantity: temperature, direction: below, warning: 0, alert: 2, hysteresis: 1 }',
    ),
    problems: [
      '4:87: preAlerts[0].alert: found 2; allowed: an alert limit that lies beyond the warning limit',
    ],
  },
  {
    title: 'a direction in other words',
    text: rules('{ id: a, kind: limit, quantity: temperature, direction: over, warning: 35, hysteresis: 1 }'),
    problems: ['4:61: preAlerts[0].direction: found "over"; allowed: one of above, below'],
  },
  {
    title: 'a limit on a direction',
    text: rules(
      '{ id: a, kind: limit, quantity: winddirection, direction: above, warning: 35, hysteresis: 1 }',
    ),
    problems: [
      '4:37: preAlerts[0].quantity: found "winddirection"; allowed: one of temperature, humidity, windintensity, windgust, pressure, soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance, rainheight, windmean, windmaxgust, rainintensity, rainhour, dewpoint, sealevelpressure, pressuretendency, heatindex, windchill',
    ],
  },
  {
    title: 'a delay of less than nothing',
    text: rules(
      '{ id: a, kind: limit, quantity: temperature, direction: above, warning: 35, hysteresis: 1, onDelaySeconds: -1 }',
    ),
    problems: ['4:112: preAlerts[0].onDelaySeconds: found -1; allowed: a number from 0 to 86400'],
  },
  {
    title: 'a reminder after a fraction of a minute',
    text: rules(
      '{ id: a, kind: limit, quantity: temperature, direction: above, warning: 35, hysteresis: 1, reminderMinutes: 0.5 }',
    ),
    problems: ['4:113: preAlerts[0].reminderMinutes: found 0.5; allowed: a whole number from 0 to 10080'],
  },
  {
    title: 'a rate of a quantity that is derived itself',
    text: rules(
      '{ id: a, kind: rate, quantity: dewpoint, direction: rising, windowMinutes: 60, warning: 3, hysteresis: 1 }',
    ),
    problems: [
      '4:36: preAlerts[0].quantity: found "dewpoint"; allowed: one of temperature, humidity, windintensity, windgust, pressure, soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance',
    ],
  },
  {
    title: 'a rate with the direction of a limit',
    text: rules(
      '{ id: a, kind: rate, quantity: pressure, direction: below, windowMinutes: 60, warning: 3, hysteresis: 1 }',
    ),
    problems: ['4:57: preAlerts[0].direction: found "below"; allowed: one of rising, falling'],
  },
  {
    title: 'a rate over no time',
    text: rules('{ id: a, kind: rate, quantity: pressure, direction: falling, warning: 3, hysteresis: 1 }'),
    problems: ['4:5: preAlerts[0].windowMinutes: found nothing; allowed: a whole number from 2 to 360'],
  },
  {
    title: 'a rate over a whole day',
    text: rules(
      '{ id: a, kind: rate, quantity: pressure, direction: falling, windowMinutes: 1440, warning: 3, hysteresis: 1 }',
    ),
    problems: ['4:81: preAlerts[0].windowMinutes: found 1440; allowed: a whole number from 2 to 360'],
  },
  {
    title: 'a fall given as a negative number',
    text: rules(
      '{ id: a, kind: rate, quantity: pressure, direction: falling, windowMinutes: 180, warning: -3.6, hysteresis: 0.6 }',
    ),
    problems: ['4:95: preAlerts[0].warning: found -3.6; allowed: a number from 0.01 to 2000'],
  },
  {
    title: 'a rate that alerts before it warns',
    text: rules(
      '{ id: a, kind: rate, quantity: pressure, direction: falling, windowMinutes: 180, warning: 6, alert: 3.6, hysteresis: 0.6 }',
    ),
    problems: [
      '4:105: preAlerts[0].alert: found 3.6; allowed: an alert limit that lies beyond the warning limit',
    ],
  },
  {
    title: 'a trend without its limit',
    text: rules('{ id: a, kind: trend, quantity: temperature, direction: above, minChange: 0.5 }'),
    problems: ['4:5: preAlerts[0].limit: found nothing; allowed: a number from -1000 to 2000'],
  },
  {
    title: 'a trend with two limits',
    text: rules(
      '{ id: a, kind: trend, quantity: temperature, direction: above, warning: 38, limit: 40, minChange: 0.5 }',
    ),
    problems: [
      '4:68: preAlerts[0].warning: found an unknown key; allowed: id, output, reminderMinutes, minIntervalSeconds, kind, quantity, direction, limit, severity, horizonMinutes, clearHorizonMinutes, windowMinutes, minSamples, minFit, minChange, onDelaySeconds, offDelaySeconds',
    ],
  },
  {
    title: 'a trend that is cleared before it is raised',
    text: rules(
      '{ id: a, kind: trend, quantity: temperature, direction: above, limit: 40, minChange: 0.5, horizonMinutes: 60, clearHorizonMinutes: 45 }',
    ),
    problems: ['4:136: preAlerts[0].clearHorizonMinutes: found 45; allowed: at least horizonMinutes'],
  },
  {
    title: 'a trend that needs more samples than it has minutes',
    text: rules(
      '{ id: a, kind: trend, quantity: temperature, direction: above, limit: 40, minChange: 0.5, windowMinutes: 10, minSamples: 15 }',
    ),
    problems: [
      '4:126: preAlerts[0].minSamples: found 15; allowed: at most windowMinutes: there is one sample a minute',
    ],
  },
  {
    title: 'a fit in per cent',
    text: rules(
      '{ id: a, kind: trend, quantity: temperature, direction: above, limit: 40, minChange: 0.5, minFit: 70 }',
    ),
    problems: ['4:103: preAlerts[0].minFit: found 70; allowed: a number from 0 to 1'],
  },
  {
    title: 'a severity that does not exist',
    text: rules('{ id: a, kind: sensor, severity: critical }'),
    problems: ['4:38: preAlerts[0].severity: found "critical"; allowed: one of warning, alert'],
  },
  {
    title: 'a sensor rule that watches nothing',
    text: rules('{ id: a, kind: sensor, quantities: [] }'),
    problems: ['4:28: preAlerts[0].quantities: found an empty list; allowed: at least one quantity'],
  },
  {
    title: 'a sensor rule for a sensor by its chip',
    text: rules('{ id: a, kind: sensor, quantities: [temperature, bme280] }'),
    problems: [
      '4:54: preAlerts[0].quantities[1]: found "bme280"; allowed: one of temperature, humidity, winddirection, windintensity, windgust, rainheight, pressure, soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance',
    ],
  },
  {
    title: 'a sensor rule raised before the first reading',
    text: rules('{ id: a, kind: sensor, readings: 0 }'),
    problems: ['4:38: preAlerts[0].readings: found 0; allowed: a whole number from 1 to 1000'],
  },
  {
    title: 'an output that is a number',
    text: rules('{ id: a, kind: sensor, output: 17 }'),
    problems: ['4:36: preAlerts[0].output: found 17; allowed: a mapping with the keys gpio, activeLow'],
  },
  {
    title: 'an output without a line',
    text: rules('{ id: a, kind: sensor, output: { activeLow: true } }'),
    problems: ['4:28: preAlerts[0].output.gpio: found nothing; allowed: a BCM number from 0 to 27'],
  },
  {
    title: 'an output on a line that the header has not',
    text: rules('{ id: a, kind: sensor, output: { gpio: 40 } }'),
    problems: [
      '4:44: preAlerts[0].output.gpio: found 40; allowed: a BCM number from 0 to 27 (pin 40 of the header is BCM 21)',
    ],
  },
  {
    title: 'an output with a word for a truth',
    text: rules('{ id: a, kind: sensor, output: { gpio: 17, activeLow: yes } }'),
    problems: ['4:59: preAlerts[0].output.activeLow: found "yes"; allowed: true or false'],
  },
  {
    title: 'two rules of one name',
    text: rules('{ id: a, kind: sensor }', '{ id: b, kind: sensor }', '{ id: a, kind: sensor }'),
    problems: ['6:11: preAlerts[2].id: found "a"; allowed: a name of its own (preAlerts[0] has this one)'],
  },
  {
    title: 'a rule with the name of the guard against floods',
    text: rules('{ id: flood, kind: sensor }'),
    problems: [
      '4:11: preAlerts[0].id: found "flood"; allowed: another name: this is what floods of events go by',
    ],
  },
  {
    title: 'an output on the line of the rain gauge, which other rules may not share either',
    text: `${rules(
      '{ id: a, kind: sensor, output: { gpio: 6 } }',
      '{ id: b, kind: sensor, output: { gpio: 17 } }',
      '{ id: c, kind: sensor, output: { gpio: 17 } }',
      '{ id: d, kind: sensor, output: { gpio: 6 } }',
    )}sensors: { rainGauge: { gpio: 6 } }\n`,
    problems: [
      '4:44: preAlerts[0].output.gpio: found 6; allowed: a line of its own (sensors.rainGauge.gpio has this one)',
      '7:44: preAlerts[3].output.gpio: found 6; allowed: a line of its own (sensors.rainGauge.gpio has this one)',
    ],
  },
  {
    title: 'an output on the line of the anemometer',
    text: `${rules('{ id: a, kind: sensor, output: { gpio: 5 } }')}sensors: { anemometer: { gpio: 5 } }\n`,
    problems: [
      '4:44: preAlerts[0].output.gpio: found 5; allowed: a line of its own (sensors.anemometer.gpio has this one)',
    ],
  },
  {
    title: 'an output on a line of the I2C bus',
    text: `${rules('{ id: a, kind: sensor, output: { gpio: 2 } }')}sensors: { bme280: {} }\n`,
    problems: ['4:44: preAlerts[0].output.gpio: found 2; allowed: a line that I2C bus 1 does not use'],
  },
  {
    title: 'an output on a line of the other I2C bus',
    text:
      rules('{ id: a, kind: sensor, output: { gpio: 1 } }', '{ id: b, kind: sensor, output: { gpio: 2 } }') +
      'sensors: { i2cBus: 0, windVane: {} }\n',
    problems: ['4:44: preAlerts[0].output.gpio: found 1; allowed: a line that I2C bus 0 does not use'],
  },
  {
    title: 'rules that want opposite levels of one line',
    text: rules(
      '{ id: a, kind: sensor, output: { gpio: 17 } }',
      '{ id: b, kind: sensor, output: { gpio: 17, activeLow: true } }',
    ),
    problems: [
      '5:59: preAlerts[1].output.activeLow: found true; allowed: false, as in preAlerts[0].output on the same line',
    ],
  },
  {
    title: 'a rule that leaves the level of a shared line to the default',
    text: rules(
      '{ id: a, kind: sensor, output: { gpio: 17, activeLow: true } }',
      '{ id: b, kind: sensor, output: { gpio: 17 } }',
    ),
    problems: [
      '5:28: preAlerts[1].output.activeLow: found nothing; allowed: true, as in preAlerts[0].output on the same line',
    ],
  },
  {
    title: 'a rule on a line of its own among broken ones',
    text: `${rules(
      '{ id: a, kind: limit, output: { gpio: 6 } }',
      'frost',
      '{ id: c, kind: sensor, output: { gpio: 6 } }',
    )}sensors: { rainGauge: { gpio: 6 } }\n`,
    problems: [
      '4:5: preAlerts[0].quantity: found nothing; allowed: one of temperature, humidity, windintensity, windgust, pressure, soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance, rainheight, windmean, windmaxgust, rainintensity, rainhour, dewpoint, sealevelpressure, pressuretendency, heatindex, windchill',
      '4:5: preAlerts[0].direction: found nothing; allowed: one of above, below',
      '4:5: preAlerts[0].hysteresis: found nothing; allowed: a number from 0 to 1000',
      '4:43: preAlerts[0].output.gpio: found 6; allowed: a line of its own (sensors.rainGauge.gpio has this one)',
      '5:5: preAlerts[1]: found "frost"; allowed: a rule such as those in config/gateway.yaml',
      '6:44: preAlerts[2].output.gpio: found 6; allowed: a line of its own (sensors.rainGauge.gpio has this one)',
    ],
  },
];
