export type BrokenConfiguration = {
  readonly title: string;
  readonly text: string;
  /** What `check` prints, without the file's name in front. */
  readonly problems: readonly string[];
};

const STATION = 'station: { id: "1", name: A }\n';
const AWS = 'aws: { endpoint: localhost, certificate: /c.pem, privateKey: /c.key }\n';
/** Whole and valid, two lines long: what a case adds begins on line 3. */
const SMALLEST = STATION + AWS;

const station = (fields: string): string => `station: ${fields}\n${AWS}`;
const aws = (fields: string): string => `${STATION}aws: ${fields}\n`;

export const brokenConfigurations: readonly BrokenConfiguration[] = [
  {
    title: 'an empty file',
    text: '',
    problems: [
      '1:1: found nothing; allowed: a mapping with the keys station, aws, reporting, outbox, sensors, quality, preAlerts, display, http, log',
    ],
  },
  {
    title: 'a file of nothing but comments',
    text: '# station:\n',
    problems: [
      '1:1: found nothing; allowed: a mapping with the keys station, aws, reporting, outbox, sensors, quality, preAlerts, display, http, log',
    ],
  },
  {
    title: 'a list instead of a mapping',
    text: '- station\n- aws\n',
    problems: [
      '1:1: found a list; allowed: a mapping with the keys station, aws, reporting, outbox, sensors, quality, preAlerts, display, http, log',
    ],
  },
  {
    title: 'a single word',
    text: 'station\n',
    problems: [
      '1:1: found "station"; allowed: a mapping with the keys station, aws, reporting, outbox, sensors, quality, preAlerts, display, http, log',
    ],
  },
  {
    title: 'a tab as indentation',
    text: 'station:\n\tid: "1"\n',
    problems: ['2:1: found broken YAML (Tabs are not allowed as indentation); allowed: YAML 1.2'],
  },
  {
    title: 'a quote that is never closed',
    text: `${STATION}aws: { endpoint: "localhost }\n`,
    problems: [
      '3:1: found broken YAML (Missing closing "quote); allowed: YAML 1.2',
      '3:1: found broken YAML (Flow map in block collection must be sufficiently indented and end with a }); allowed: YAML 1.2',
    ],
  },
  {
    title: 'a list that is never closed',
    text: `${SMALLEST}preAlerts: [\n`,
    problems: [
      '4:1: found broken YAML (Flow sequence in block collection must be sufficiently indented and end with a ]); allowed: YAML 1.2',
    ],
  },
  {
    title: 'two values on one line',
    text: `${SMALLEST}reporting: intervalSeconds: 12\n`,
    problems: [
      '3:12: found broken YAML (Nested mappings are not allowed in compact mappings); allowed: YAML 1.2',
    ],
  },
  {
    title: 'a line indented too little',
    text: 'station:\n  id: "1"\n name: A\n',
    problems: ['3:1: found broken YAML (All mapping items must start at the same column); allowed: YAML 1.2'],
  },
  {
    title: 'a second document',
    text: `${SMALLEST}---\nlog: { level: info }\n`,
    problems: ['3:1: found a second document (---); allowed: one document'],
  },
  {
    title: 'a tag of another program',
    text: `${SMALLEST}http: !include http.yaml\n`,
    problems: ['3:7: found a tag (Unresolved tag: !include); allowed: plain YAML 1.2 values'],
  },
  {
    title: 'an alias',
    text: `${SMALLEST}http: *web\n`,
    problems: ['3:7: found an alias (*); allowed: each value written out'],
  },
  {
    title: 'a key given twice',
    text: `${SMALLEST}log: { level: info }\nlog: { level: debug }\n`,
    problems: ['4:1: log: found the key a second time; allowed: each key once'],
  },
  {
    title: 'a key given twice deep in a list',
    text: `${SMALLEST}preAlerts:\n  - id: heat\n    id: cold\n    kind: sensor\n`,
    problems: ['5:5: preAlerts[0].id: found the key a second time; allowed: each key once'],
  },
  {
    title: 'a key given twice beside other problems',
    text: `${SMALLEST}reporting: { intervalSeconds: 0, intervalSeconds: 0 }\n`,
    problems: [
      '3:31: reporting.intervalSeconds: found 0; allowed: a whole number from 1 to 3600',
      '3:34: reporting.intervalSeconds: found the key a second time; allowed: each key once',
    ],
  },
  {
    title: 'no station',
    text: AWS,
    problems: [
      '1:1: station: found nothing; allowed: a mapping with the keys id, name, timezone, latitude, longitude, elevationMetres, rebootAfterHours',
    ],
  },
  {
    title: 'a station of nothing',
    text: station(''),
    problems: [
      '1:1: station: found nothing; allowed: a mapping with the keys id, name, timezone, latitude, longitude, elevationMetres, rebootAfterHours',
    ],
  },
  {
    title: 'a station that is a word',
    text: station('Worthing'),
    problems: [
      '1:10: station: found "Worthing"; allowed: a mapping with the keys id, name, timezone, latitude, longitude, elevationMetres, rebootAfterHours',
    ],
  },
  {
    title: 'a station without a name',
    text: station('{ id: "1" }'),
    problems: ['1:1: station.name: found nothing; allowed: text of 1 to 128 characters'],
  },
  {
    title: 'a station id without quotes',
    text: station('{ id: 1, name: A }'),
    problems: ['1:16: station.id: found 1; allowed: 1 to 100 letters, digits, :, _ or -, as text in quotes'],
  },
  {
    title: 'a station id that a topic cannot hold',
    text: station('{ id: uk/1, name: A }'),
    problems: ['1:16: station.id: found "uk/1"; allowed: 1 to 100 letters, digits, :, _ or -'],
  },
  {
    title: 'an empty station name',
    text: station('{ id: "1", name: "" }'),
    problems: ['1:21: station.name: found ""; allowed: text of 1 to 128 characters'],
  },
  {
    title: 'a mistyped key',
    text: station('{ id: "1", nmae: A }'),
    problems: [
      '1:1: station.name: found nothing; allowed: text of 1 to 128 characters',
      '1:21: station.nmae: found an unknown key; allowed: id, name, timezone, latitude, longitude, elevationMetres, rebootAfterHours (did you mean name?)',
    ],
  },
  {
    title: 'a height above Everest',
    text: station('{ id: "1", name: A, elevationMetres: 9000 }'),
    problems: ['1:47: station.elevationMetres: found 9000; allowed: a number from -430 to 8850'],
  },
  {
    title: 'a height as text',
    text: station('{ id: "1", name: A, elevationMetres: 8 m }'),
    problems: ['1:47: station.elevationMetres: found "8 m"; allowed: a number from -430 to 8850'],
  },
  {
    title: 'nothing of the cloud',
    text: STATION,
    problems: [
      '1:1: aws: found nothing; allowed: a mapping with the keys endpoint, port, certificate, privateKey, rootCa, topicPrefix, provisioningTemplate, keepAliveSeconds, proxy, jobs, remoteConfiguration',
    ],
  },
  {
    title: 'an endpoint alone',
    text: aws('{ endpoint: localhost }'),
    problems: [
      '2:1: aws.certificate: found nothing; allowed: an absolute path, or credential:NAME for a credential of the systemd unit',
      '2:1: aws.privateKey: found nothing; allowed: an absolute path, or credential:NAME for a credential of the systemd unit',
    ],
  },
  {
    title: 'an endpoint that is a URL',
    text: aws('{ endpoint: "https://localhost:8883", certificate: /c.pem, privateKey: /c.key }'),
    problems: [
      '2:18: aws.endpoint: found "https://localhost:8883"; allowed: a host name without scheme, port or path',
    ],
  },
  {
    title: 'a port that does not exist',
    text: aws('{ endpoint: localhost, port: 70000, certificate: /c.pem, privateKey: /c.key }'),
    problems: ['2:35: aws.port: found 70000; allowed: a whole number from 1 to 65535'],
  },
  {
    title: 'a port in words',
    text: aws('{ endpoint: localhost, port: mqtts, certificate: /c.pem, privateKey: /c.key }'),
    problems: ['2:35: aws.port: found "mqtts"; allowed: a whole number from 1 to 65535'],
  },
  {
    title: 'a certificate beside the program',
    text: aws('{ endpoint: localhost, certificate: c.pem, privateKey: /c.key }'),
    problems: [
      '2:42: aws.certificate: found "c.pem"; allowed: an absolute path, or credential:NAME for a credential of the systemd unit',
    ],
  },
  {
    title: 'a credential whose name is a path',
    text: aws('{ endpoint: localhost, certificate: /c.pem, privateKey: "credential:../c.key" }'),
    problems: [
      '2:62: aws.privateKey: found "credential:../c.key"; allowed: an absolute path, or credential:NAME for a credential of the systemd unit',
    ],
  },
  {
    title: 'a topic prefix with a wildcard',
    text: aws('{ endpoint: localhost, certificate: /c.pem, privateKey: /c.key, topicPrefix: weather/# }'),
    problems: [
      '2:83: aws.topicPrefix: found "weather/#"; allowed: 1 to 3 topic levels of 1 to 64 characters, joined by /, without +, #, spaces or a leading $',
    ],
  },
  {
    title: 'an interval of nothing',
    text: `${SMALLEST}reporting: { intervalSeconds: 0 }\n`,
    problems: ['3:31: reporting.intervalSeconds: found 0; allowed: a whole number from 1 to 3600'],
  },
  {
    title: 'an interval of fractions',
    text: `${SMALLEST}reporting: { intervalSeconds: 2.5 }\n`,
    problems: ['3:31: reporting.intervalSeconds: found 2.5; allowed: a whole number from 1 to 3600'],
  },
  {
    title: 'an interval with a unit',
    text: `${SMALLEST}reporting: { intervalSeconds: 12s }\n`,
    problems: ['3:31: reporting.intervalSeconds: found "12s"; allowed: a whole number from 1 to 3600'],
  },
  {
    title: 'an interval without end',
    text: `${SMALLEST}reporting: { intervalSeconds: .inf }\n`,
    problems: ['3:31: reporting.intervalSeconds: found .inf; allowed: a whole number from 1 to 3600'],
  },
  {
    title: 'a section that is a number',
    text: `${SMALLEST}reporting: 12\n`,
    problems: ['3:12: reporting: found 12; allowed: a mapping with the keys intervalSeconds, sendSeconds'],
  },
  {
    title: 'a relative data directory',
    text: `${SMALLEST}outbox: { directory: data }\n`,
    problems: ['3:22: outbox.directory: found "data"; allowed: an absolute path'],
  },
  {
    title: 'an outbox too small to hold anything',
    text: `${SMALLEST}outbox: { maxMegabytes: 1 }\n`,
    problems: ['3:25: outbox.maxMegabytes: found 1; allowed: a whole number from 8 to 65536'],
  },
  {
    title: 'a key in the wrong letters',
    text: `${SMALLEST}outbox: { maxMegaBytes: 512 }\n`,
    problems: [
      '3:11: outbox.maxMegaBytes: found an unknown key; allowed: directory, maxMegabytes, dailyWriteWarningMegabytes, dailyWriteMegabytes (did you mean maxMegabytes?)',
    ],
  },
  {
    title: 'a section that is not known',
    text: `${SMALLEST}alerts: []\n`,
    problems: [
      '3:1: alerts: found an unknown key; allowed: station, aws, reporting, outbox, sensors, quality, preAlerts, display, http, log',
    ],
  },
  {
    title: 'a section mistyped',
    text: `${SMALLEST}sensor: { i2cBus: 1 }\n`,
    problems: [
      '3:1: sensor: found an unknown key; allowed: station, aws, reporting, outbox, sensors, quality, preAlerts, display, http, log (did you mean sensors?)',
    ],
  },
  {
    title: 'an I2C bus by its path',
    text: `${SMALLEST}sensors: { i2cBus: /dev/i2c-1 }\n`,
    problems: ['3:20: sensors.i2cBus: found "/dev/i2c-1"; allowed: a whole number from 0 to 99'],
  },
  {
    title: 'a BME280 without its braces',
    text: `${SMALLEST}sensors:\n  bme280:\n`,
    problems: ['4:3: sensors.bme280: found nothing; allowed: a mapping with the keys address, calibration'],
  },
  {
    title: 'an address that no BME280 has',
    text: `${SMALLEST}sensors: { bme280: { address: 0x78 } }\n`,
    problems: ['3:31: sensors.bme280.address: found 0x78; allowed: one of the numbers 0x76, 0x77'],
  },
  {
    title: 'a lockout that loses the strongest wind',
    text: `${SMALLEST}sensors: { anemometer: { gpio: 5, lockoutMilliseconds: 50 } }\n`,
    problems: [
      '3:56: sensors.anemometer.lockoutMilliseconds: found 50 ms, which loses closures; allowed: at most 10 ms, the time between two closures at 240 km/h (quality.wind.maxKmh) and 2.4 km/h per Hz',
    ],
  },
  {
    title: 'cups that are too fast for the default lockout',
    text: `${SMALLEST}sensors: { anemometer: { gpio: 5, kmhPerHz: 0.315 } }\n`,
    problems: [
      '3:12: sensors.anemometer.lockoutMilliseconds: found 4 ms, which loses closures; allowed: at most 1.3 ms, the time between two closures at 240 km/h (quality.wind.maxKmh) and 0.315 km/h per Hz',
    ],
  },
  {
    title: 'a lockout that loses the strongest rain',
    text: `${SMALLEST}sensors: { rainGauge: { gpio: 6, mmPerTip: 0.01, lockoutMilliseconds: 150 } }\n`,
    problems: [
      '3:71: sensors.rainGauge.lockoutMilliseconds: found 150 ms, which loses closures; allowed: at most 15 ms, the time between two closures at 40 mm a minute (quality.rain.maxMmPerMinute) and 0.01 mm a tip',
    ],
  },
  {
    title: 'an address as text',
    text: `${SMALLEST}sensors: { bme280: { address: "0x76" } }\n`,
    problems: ['3:31: sensors.bme280.address: found "0x76"; allowed: one of the numbers 0x76, 0x77'],
  },
  {
    title: 'an address that lost its 0x',
    text: `${SMALLEST}sensors: { windVane: { address: 48 } }\n`,
    problems: [
      '3:33: sensors.windVane.address: found 48; allowed: one of the numbers 0x48, 0x49, 0x4a, 0x4b',
    ],
  },
  {
    title: 'an input that the converter has not',
    text: `${SMALLEST}sensors: { windVane: { channel: 4 } }\n`,
    problems: [
      '3:33: sensors.windVane.channel: found 4; allowed: a whole number from 0 to 3; up to 7 only with device',
    ],
  },
  {
    title: 'a supply measured at the vane itself',
    text: `${SMALLEST}sensors: { windVane: { channel: 1, supplyChannel: 1 } }\n`,
    problems: ["3:51: sensors.windVane.supplyChannel: found 1; allowed: an input that is not the vane's own"],
  },
  {
    title: 'a supply measured at the input the vane has by default',
    text: `${SMALLEST}sensors: { windVane: { supplyChannel: 0 } }\n`,
    problems: ["3:39: sensors.windVane.supplyChannel: found 0; allowed: an input that is not the vane's own"],
  },
  {
    title: 'an anemometer without a line',
    text: `${SMALLEST}sensors: { anemometer: {} }\n`,
    problems: ['3:12: sensors.anemometer.gpio: found nothing; allowed: a BCM number from 0 to 27'],
  },
  {
    title: 'a line by its place on the header',
    text: `${SMALLEST}sensors: { anemometer: { gpio: 29 } }\n`,
    problems: [
      '3:32: sensors.anemometer.gpio: found 29; allowed: a BCM number from 0 to 27 (pin 29 of the header is BCM 5)',
    ],
  },
  {
    title: 'a line by a pin of the header that is ground',
    text: `${SMALLEST}sensors: { anemometer: { gpio: 30 } }\n`,
    problems: [
      '3:32: sensors.anemometer.gpio: found 30; allowed: a BCM number from 0 to 27 (pin 30 of the header is ground)',
    ],
  },
  {
    title: 'a line that is none of a Raspberry Pi',
    text: `${SMALLEST}sensors: { anemometer: { gpio: 41 } }\n`,
    problems: ['3:32: sensors.anemometer.gpio: found 41; allowed: a BCM number from 0 to 27'],
  },
  {
    title: 'a line by its name',
    text: `${SMALLEST}sensors: { anemometer: { gpio: GPIO5 } }\n`,
    problems: [
      '3:32: sensors.anemometer.gpio: found "GPIO5"; allowed: a BCM number from 0 to 27 (5 for this one)',
    ],
  },
  {
    title: 'decimal commas, in braces and without',
    text: `${SMALLEST}sensors:
  bme280: { calibration: { temperature: { offsetCelsius: -0,4, scale: 1,01 } } }
  windVane: { northOffsetDegrees: 22,5 }
  anemometer:
    gpio: 5
    kmhPerHz: 2,4
  rainGauge: { gpio: 6, mmPerTip: 0,2, lockoutMilliseconds: 150,2 }
`,
    problems: [
      '4:58: sensors.bme280.calibration.temperature.offsetCelsius: found -0,4; allowed: a decimal point: -0.4',
      '4:71: sensors.bme280.calibration.temperature.scale: found 1,01; allowed: a decimal point: 1.01',
      '5:35: sensors.windVane.northOffsetDegrees: found 22,5; allowed: a decimal point: 22.5',
      '8:15: sensors.anemometer.kmhPerHz: found "2,4"; allowed: a number from 0.1 to 20, with a decimal point: 2.4',
      '9:35: sensors.rainGauge.mmPerTip: found 0,2; allowed: a decimal point: 0.2',
      '9:61: sensors.rainGauge.lockoutMilliseconds: found 150,2; allowed: a decimal point: 150.2',
    ],
  },
  {
    title: 'two sensors on one line',
    text: `${SMALLEST}sensors: { anemometer: { gpio: 5 }, rainGauge: { gpio: 5 } }\n`,
    problems: [
      '3:56: sensors.rainGauge.gpio: found 5; allowed: a line of its own (sensors.anemometer.gpio has this one)',
    ],
  },
  {
    title: 'a sensor on a line of the I2C bus',
    text: `${SMALLEST}sensors: { bme280: {}, rainGauge: { gpio: 3 } }\n`,
    problems: ['3:43: sensors.rainGauge.gpio: found 3; allowed: a line that I2C bus 1 does not use'],
  },
  {
    title: 'a negative bucket',
    text: `${SMALLEST}sensors: { rainGauge: { gpio: 6, mmPerTip: -0.2794 } }\n`,
    problems: ['3:44: sensors.rainGauge.mmPerTip: found -0.2794; allowed: a number from 0.01 to 10'],
  },
  {
    title: 'a decimal comma',
    text: `${SMALLEST}sensors:\n  rainGauge:\n    gpio: 6\n    mmPerTip: 0,2794\n`,
    problems: [
      '6:15: sensors.rainGauge.mmPerTip: found "0,2794"; allowed: a number from 0.01 to 10, with a decimal point: 0.2794',
    ],
  },
  {
    title: 'a GPIO backend that does not exist',
    text: `${SMALLEST}sensors: { gpioBackend: pigpio }\n`,
    problems: ['3:25: sensors.gpioBackend: found "pigpio"; allowed: one of auto, gpiomon, onoff'],
  },
  {
    title: 'a calibration out of all proportion',
    text: `${SMALLEST}sensors: { bme280: { calibration: { humidity: { scale: 20 } } } }\n`,
    problems: ['3:56: sensors.bme280.calibration.humidity.scale: found 20; allowed: a number from 0.5 to 2'],
  },
  {
    title: 'rules as a mapping',
    text: `${SMALLEST}preAlerts: { heat: 40 }\n`,
    problems: ['3:1: preAlerts: found a mapping; allowed: a list'],
  },
  {
    title: 'the dashboard open to the network',
    text: `${SMALLEST}http: { listen: 0.0.0.0 }\n`,
    problems: [
      '3:17: http.listen: found "0.0.0.0"; allowed: 127.0.0.1, ::1 or localhost, or any address with http.token',
    ],
  },
  {
    title: 'the dashboard open to the network over IPv6',
    text: `${SMALLEST}http: { listen: "::" }\n`,
    problems: [
      '3:17: http.listen: found "::"; allowed: 127.0.0.1, ::1 or localhost, or any address with http.token',
    ],
  },
  {
    title: 'a token too short, which is not shown',
    text: `${SMALLEST}http: { token: hunter2 }\n`,
    problems: [
      '3:16: http.token: found a secret that is not shown here; allowed: 16 to 256 printable characters without spaces',
    ],
  },
  {
    title: 'a proxy with a password that cannot be used, which is not shown',
    text: 'station: { id: "1", name: A }\naws: { endpoint: e, certificate: /c, privateKey: /k, proxy: "me:hunter2@proxy" }\n',
    problems: [
      '2:61: aws.proxy: found a secret that is not shown here; allowed: http://HOST:PORT or http://USER:PASSWORD@HOST:PORT',
    ],
  },
  {
    title: 'a level of the log that does not exist',
    text: `${SMALLEST}log: { level: verbose }\n`,
    problems: ['3:15: log.level: found "verbose"; allowed: one of debug, info, warn, error'],
  },
  {
    title: 'a truth where a word belongs',
    text: `${SMALLEST}log: { level: on }\n`,
    problems: ['3:15: log.level: found "on"; allowed: one of debug, info, warn, error'],
  },
  {
    title: 'a key that is no text',
    text: `${SMALLEST}1: 2\n`,
    problems: [
      '3:1: 1: found an unknown key; allowed: station, aws, reporting, outbox, sensors, quality, preAlerts, display, http, log',
    ],
  },
  {
    title: 'a key that objects of JavaScript have anyway',
    text: `${SMALLEST}__proto__: { http: 1 }\n`,
    problems: [
      '3:1: __proto__: found an unknown key; allowed: station, aws, reporting, outbox, sensors, quality, preAlerts, display, http, log',
    ],
  },
  {
    title: 'a value of a hundred characters',
    text: `${SMALLEST}http: { listen: ${'a '.repeat(50)} }\n`,
    problems: [
      '3:17: http.listen: found "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a …; allowed: an IP address or host name',
      '3:17: http.listen: found "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a …; allowed: 127.0.0.1, ::1 or localhost, or any address with http.token',
    ],
  },
  {
    title: 'many problems, each with its place',
    text: 'station:\n  id: 1\n  nmae: A\naws:\n  endpoint: localhost\n  port: 0\n  certificate: /c.pem\nhttp:\n  listen: 0.0.0.0\n',
    problems: [
      '1:1: station.name: found nothing; allowed: text of 1 to 128 characters',
      '2:7: station.id: found 1; allowed: 1 to 100 letters, digits, :, _ or -, as text in quotes',
      '3:3: station.nmae: found an unknown key; allowed: id, name, timezone, latitude, longitude, elevationMetres, rebootAfterHours (did you mean name?)',
      '4:1: aws.privateKey: found nothing; allowed: an absolute path, or credential:NAME for a credential of the systemd unit',
      '6:9: aws.port: found 0; allowed: a whole number from 1 to 65535',
      '9:11: http.listen: found "0.0.0.0"; allowed: 127.0.0.1, ::1 or localhost, or any address with http.token',
    ],
  },
];
