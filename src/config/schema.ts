import { z } from 'zod';
import { type CatalogueEntry, catalogue } from '../instruments/catalogue.ts';
import { isTimeZone } from '../weather/day.ts';
import { unitSystems } from '../weather/display-units.ts';
import { STATION_ID, STATION_ID_IN_WORDS } from '../weather/message.ts';
import { decimalNumber, oneOf, text, textLike, wholeNumber } from './fields.ts';
import { preAlertsSchema } from './pre-alerts-schema.ts';
import { parseProxy } from './proxy.ts';
import { qualitySchema } from './quality-schema.ts';

const busFields = {
  i2cBus: wholeNumber(0, 99).default(1).describe('N of /dev/i2c-N. 0 to 99.'),
  gpioBackend: oneOf(['auto', 'gpiomon', 'onoff'])
    .default('auto')
    .describe('Counts the pulses: gpiomon (loses none), onoff (sysfs), auto: gpiomon where it is installed.'),
};

/** The buses, and under its key the part of each instrument that is wired to the station. */
export type SensorsConfig = z.output<z.ZodObject<typeof busFields, z.core.$loose>>;

/** What is wired to the station, out of these instruments. */
const sensorsSchemaOf = (instruments: readonly CatalogueEntry[]) => {
  const parts = instruments.map(({ key, schema }) => [key, schema.exactOptional()] as const);
  return z
    .strictObject({ ...busFields, ...Object.fromEntries(parts) })
    .describe(
      'What is wired to the station. What a sensor left out would measure is null.',
    ) as unknown as z.ZodObject<typeof busFields, z.core.$loose>;
};

export const sensorsSchema = sensorsSchemaOf(catalogue);

const filePath = () =>
  textLike(
    /^(?:\/[^\0]+|credential:[A-Za-z0-9._-]+)$/,
    'an absolute path, or credential:NAME for a credential of the systemd unit',
  );

const PROXY = 'http://HOST:PORT or http://USER:PASSWORD@HOST:PORT';

const TIMEZONE = 'an IANA time zone such as Europe/London';

const stationSchema = z
  .strictObject({
    id: textLike(STATION_ID, STATION_ID_IN_WORDS).describe(
      `Device id, thing name and MQTT client id in one. ${STATION_ID_IN_WORDS}.`,
    ),
    name: text(128).describe('Name for people, as in the alert mail. 1 to 128 characters.'),
    timezone: z
      .string(TIMEZONE)
      .refine(isTimeZone, TIMEZONE)
      .exactOptional()
      .describe(
        "IANA time zone of the station's day, for rain today and the sun; that of the machine without, which may be UTC.",
      ),
    latitude: decimalNumber(-90, 90)
      .exactOptional()
      .describe('Degrees, north positive, for sunrise and sunset. -90 to 90.'),
    longitude: decimalNumber(-180, 180)
      .exactOptional()
      .describe('Degrees, east positive, for sunrise and sunset. -180 to 180.'),
    elevationMetres: decimalNumber(-430, 8850)
      .exactOptional()
      .describe(
        'Height of the barometer above sea level, m. -430 to 8850; sea-level pressure needs it, and is null above 750 m.',
      ),
    rebootAfterHours: wholeNumber(1, 720)
      .exactOptional()
      .describe(
        'Reboots the machine after so many hours without an acknowledgement while neither DNS nor TCP works, at most daily, h; never without. 1 to 720.',
      ),
  })
  .refine(({ latitude, longitude }) => latitude === undefined || longitude !== undefined, {
    error: 'a longitude beside latitude',
    path: ['longitude'],
  })
  .refine(({ latitude, longitude }) => longitude === undefined || latitude !== undefined, {
    error: 'a latitude beside longitude',
    path: ['latitude'],
  })
  .describe('Who and where this station is.');

const awsSchema = z
  .strictObject({
    endpoint: textLike(
      /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
      'a host name without scheme, port or path',
    ).describe('Data endpoint of AWS IoT Core (aws iot describe-endpoint --endpoint-type iot:Data-ATS).'),
    port: wholeNumber(1, 65_535).default(8883).describe('TCP port of the endpoint. 1 to 65535.'),
    certificate: filePath().describe('Certificate of the device (PEM).'),
    privateKey: filePath().describe('Private key of the device (PEM).'),
    rootCa: filePath().exactOptional().describe("Certificates to trust (PEM); Amazon's roots without."),
    topicPrefix: textLike(
      /^(?!\$)[^+#/\0\s]{1,64}(?:\/[^+#/\0\s]{1,64}){0,2}$/,
      '1 to 3 topic levels of 1 to 64 characters, joined by /, without +, #, spaces or a leading $',
    )
      .default('weather')
      .describe('First part of every topic: PREFIX/STATION/reading. 1 to 3 levels.'),
    provisioningTemplate: textLike(/^[0-9A-Za-z_-]{1,36}$/, 'the name of a provisioning template')
      .exactOptional()
      .describe(
        'Template of fleet provisioning by which the station renews its certificate a month before its end; not at all without.',
      ),
    keepAliveSeconds: wholeNumber(10, 1_200)
      .default(60)
      .describe('Time after which an idle connection is pinged, s; less for a NAT that forgets. 10 to 1200.'),
    proxy: z
      .string(PROXY)
      .refine((value) => parseProxy(value) !== null, PROXY)
      .exactOptional()
      .describe('HTTP proxy that opens tunnels (CONNECT): http://[USER:PASSWORD@]HOST:PORT.'),
    jobs: z
      .boolean('true or false')
      .default(true)
      .describe(
        'Whether the station does jobs of AWS IoT: doctor, diagnostics, restart, reboot, log-level, update. true or false.',
      ),
    remoteConfiguration: z
      .boolean('true or false')
      .default(true)
      .describe(
        'Whether intervals, corrections, quality limits, pre-alerts and log level may be changed from afar. true or false.',
      ),
  })
  .describe('The connection to AWS IoT Core.');

export const reportingSchema = z
  .strictObject({
    intervalSeconds: wholeNumber(1, 3600).default(12).describe('Time between two readings, s. 1 to 3600.'),
    sendSeconds: wholeNumber(0, 86_400)
      .default(0)
      .describe(
        'Readings leave together, at the latest after so long, s; 0 sends each at once. Pre-alerts never wait. 0 to 86400.',
      ),
  })
  .describe('How often the station reports.');

const outboxSchema = z
  .strictObject({
    directory: textLike(/^\/[^\0]+$/, 'an absolute path')
      .default('/var/lib/weather-gateway')
      .describe("Where readings wait for the network; systemd's $STATE_DIRECTORY goes first."),
    maxMegabytes: wholeNumber(8, 65_536)
      .default(512)
      .describe('Most disk the waiting readings may take, MB; beyond it the oldest go. 8 to 65536.'),
    dailyWriteWarningMegabytes: wholeNumber(1, 1_000_000)
      .exactOptional()
      .describe('The log warns when more is written to the card in a day, MB. 1 to 1000000.'),
    dailyWriteMegabytes: wholeNumber(1, 1_000_000)
      .exactOptional()
      .describe('The former name of dailyWriteWarningMegabytes.'),
  })
  .describe('The durable store between sensors and network.');

const httpSchema = z
  .strictObject({
    listen: textLike(/^[0-9A-Za-z.:-]{1,253}$/, 'an IP address or host name')
      .default('127.0.0.1')
      .describe('Address the dashboard listens on. Beyond this machine only with a token.'),
    port: wholeNumber(0, 65_535).default(8080).describe('TCP port. 1 to 65535, or 0 for any free one.'),
    token: textLike(/^[\x21-\x7e]{16,256}$/, '16 to 256 printable characters without spaces')
      .exactOptional()
      .describe('What a browser or scraper must present. 16 to 256 printable characters.'),
  })
  .describe('Dashboard, status and metrics.');

const displaySchema = z
  .strictObject({
    units: oneOf(unitSystems)
      .default('metric')
      .describe(
        'Units on the page and in `weather-gateway status`: metric, imperial (°F, mph, inHg, in), mixed (°C, mph, hPa, mm).',
      ),
  })
  .describe('What people see. Messages, store, metrics, rules and their texts are metric always.');

export const logSchema = z
  .strictObject({
    level: oneOf(['debug', 'info', 'warn', 'error'])
      .default('info')
      .describe('Least severity that is logged.'),
  })
  .describe('What is logged.');

/** The whole configuration file, with the parts of these instruments. */
export const gatewaySchemaOf = (instruments: readonly CatalogueEntry[]) =>
  z
    .strictObject({
      station: stationSchema,
      aws: awsSchema,
      reporting: reportingSchema.prefault({}),
      outbox: outboxSchema.prefault({}),
      sensors: sensorsSchemaOf(instruments).prefault({}),
      quality: qualitySchema.prefault({}),
      preAlerts: preAlertsSchema.prefault([]),
      display: displaySchema.prefault({}),
      http: httpSchema.prefault({}),
      log: logSchema.prefault({}),
    })
    .describe('Configuration of weather-gateway.');

/** The single source of the configuration's types, defaults, messages and JSON schema. */
export const gatewaySchema = gatewaySchemaOf(catalogue);

/** A configuration that was read, checked and completed with its defaults. */
export type GatewayConfig = z.output<typeof gatewaySchema>;

/** The configuration as a JSON schema, with which editors complete and check it (config/gateway.schema.json). */
export const gatewayJsonSchema = () => ({
  title: 'weather-gateway configuration',
  ...z.toJSONSchema(gatewaySchema, { io: 'input', target: 'draft-07' }),
});
