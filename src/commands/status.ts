import { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { z } from 'zod';
import { outputText } from '../pre-alerts/alert-outputs.ts';
import { askDaemon } from '../status/daemon-socket.ts';
import { roomSeconds } from '../status/status.ts';
import { type UnitFormat, unitFormat } from '../weather/display-units.ts';
import {
  compassPoint,
  formatDuration,
  formatFlag,
  formatNumber,
  printableJson,
  printableValue,
} from '../weather/format.ts';
import {
  isOptional,
  perStandardQuantity,
  type QuantityTable,
  quantitiesOf,
  quantityTable,
} from '../weather/quantities.ts';
import { configured, refuse, stateDirectoryOf } from './command.ts';

const value = z.number().nullable();

/** What `status` shows of a daemon's answer, which may be of another version: the rest is left alone. */
export const shownStatus = z.object({
  station: z.object({ id: z.string(), name: z.string() }),
  version: z.string(),
  uptimeSeconds: z.number(),
  intervalSeconds: z.number(),
  latest: z
    .object({
      datetime: z.string(),
      ...perStandardQuantity(() => value),
      timequality: z.string(),
      quality: z.record(z.string(), z.string()),
    })
    .catchall(z.unknown())
    .nullable(),
  latestAgeSeconds: value,
  rain: z
    .object({
      todayMm: value,
      event: z.object({ mm: z.number(), from: z.string(), to: z.string(), isOver: z.boolean() }).nullable(),
    })
    .default({ todayMm: null, event: null }),
  sun: z
    .object({ up: z.string(), sunrise: z.string().nullable(), sunset: z.string().nullable() })
    .nullable()
    .default(null),
  instruments: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      errors: z.number(),
      lastFault: z.object({ code: z.string(), message: z.string(), datetime: z.string() }).nullable(),
    }),
  ),
  link: z.object({
    state: z.string(),
    reason: z.string().optional(),
    sinceSeconds: z.number(),
    reconnects: z.number(),
    problem: z.string().nullable().default(null),
  }),
  refusedLanes: z
    .array(z.object({ lane: z.string(), topic: z.string(), reason: z.string(), sinceSeconds: z.number() }))
    .default([]),
  jobs: z
    .object({
      problem: z.string().nullable(),
      retrySeconds: value,
      job: z.object({ id: z.string(), verb: z.string() }).nullable(),
      logLevel: z.object({ level: z.string(), secondsLeft: z.number() }).nullable(),
    })
    .default({ problem: null, retrySeconds: null, job: null, logLevel: null }),
  configuration: z
    .object({
      problem: z.string().nullable(),
      retrySeconds: value,
      inForce: z.string(),
      keys: z.array(z.string()),
      dropped: z.object({ path: z.string(), found: z.string(), allowed: z.string() }).nullable(),
    })
    .default({ problem: null, retrySeconds: null, inForce: 'own', keys: [], dropped: null }),
  outbox: z.object({
    lanes: z.object({ reading: z.object({ waiting: z.number(), waitingBytes: z.number() }) }),
    totals: z.object({ delivered: z.number(), setAside: z.number(), givenUp: z.number() }),
    oldestAgeSeconds: value,
    maxBytes: z.number(),
  }),
  drain: z.object({ readingsPerSecond: z.number(), secondsLeft: value }),
  clock: z.object({ isSynchronized: z.boolean(), steps: z.number() }),
  preAlerts: z.array(
    z.object({
      rule: z.string(),
      state: z.string(),
      severity: z.string(),
      text: z.string(),
      output: z.object({ gpio: z.number(), state: z.string() }).nullable(),
    }),
  ),
  storeReport: z.string().nullable(),
  notes: z.array(z.string()).default([]),
  certificateDaysLeft: value,
  machine: z
    .object({
      isUnderVoltage: z.boolean().optional(),
      underVoltages: z.number().default(0),
      lastUnderVoltage: z.string().optional(),
    })
    .default({ underVoltages: 0 }),
  health: z.object({ isHealthy: z.boolean(), reason: z.string().nullable() }),
});

type ShownStatus = z.output<typeof shownStatus>;

type Tone = 'good' | 'warning' | 'alert' | 'heading';
/** Colours where the terminal has them, the bare text elsewhere. */
type Paint = (tone: Tone, text: string) => string;

type Line = { readonly subject: string; readonly text: string };

const EXPIRES_SOON_DAYS = 30;

const optionalTexts = (
  latest: Readonly<Record<string, unknown>>,
  { table, units }: StatusTextOptions,
): string[] =>
  quantitiesOf(table).flatMap((quantity) => {
    const { name, unit, shownDecimals } = table[quantity];
    const value = latest[quantity];
    if (!isOptional(table[quantity]) || value === undefined) return [];
    const number = typeof value === 'number' ? value : null;
    return [`${name.toLowerCase()} ${units.withUnit(number, unit, shownDecimals)}`];
  });

type StatusTextOptions = { readonly table: QuantityTable; readonly units: UnitFormat };

const weatherText = (latest: NonNullable<ShownStatus['latest']>, options: StatusTextOptions): string => {
  const { units } = options;
  const from = latest.winddirection === null ? '' : ` from ${compassPoint(latest.winddirection)}`;
  return [
    units.withUnit(latest.temperature, '°C'),
    units.withUnit(latest.humidity, '%', 0),
    units.withUnit(latest.pressure, 'hPa'),
    `wind ${units.withUnit(latest.windintensity, 'km/h')}${from}, gust ${units.withUnit(latest.windgust, 'km/h')}`,
    `rain ${units.withUnit(latest.rainheight, 'mm', 2)}`,
    ...optionalTexts(latest, options),
  ].join(' · ');
};

const readingLines = (
  { latest, latestAgeSeconds }: ShownStatus,
  paint: Paint,
  options: StatusTextOptions,
): Line[] => {
  if (latest === null) return [{ subject: 'reading', text: paint('warning', 'none yet') }];
  const age = latestAgeSeconds === null ? '' : `, ${formatDuration(latestAgeSeconds)} ago`;
  return [
    { subject: 'reading', text: weatherText(latest, options) },
    { subject: '', text: `${latest.datetime} UTC (${latest.timequality})${age}` },
    ...Object.entries(latest.quality).map(([quantity, flag]) => ({
      subject: '',
      text: paint('warning', `${quantity} ${formatFlag(flag)}`),
    })),
  ];
};

const rainLines = ({ rain: { todayMm, event } }: ShownStatus, { units }: StatusTextOptions): Line[] => {
  if (todayMm === null && event === null) return [];
  const today = `${units.withUnit(todayMm, 'mm')} today`;
  if (event === null) return [{ subject: 'rain', text: today }];
  const until = event.isOver ? `, until ${event.to} UTC` : '';
  const text = `${today}, event ${units.withUnit(event.mm, 'mm')} since ${event.from} UTC${until}`;
  return [{ subject: 'rain', text }];
};

const sunLines = ({ sun }: ShownStatus): Line[] => {
  if (sun === null) return [];
  if (sun.sunrise !== null && sun.sunset !== null)
    return [{ subject: 'sun', text: `${sun.sunrise} to ${sun.sunset}` }];
  return [{ subject: 'sun', text: sun.up === 'always' ? 'does not set today' : 'does not rise today' }];
};

const linkText = ({ link }: ShownStatus, paint: Paint): string => {
  const since = formatDuration(link.sinceSeconds);
  const tone = link.state === 'connected' ? 'good' : 'alert';
  const reason = link.reason === undefined ? '' : `: ${link.reason}`;
  const problem =
    link.problem === null || link.problem === link.reason ? '' : `; ${paint('alert', link.problem)}`;
  return `${paint(tone, link.state)} for ${since}${reason} (${formatNumber(link.reconnects)} reconnects)${problem}`;
};

const refusedLines = ({ refusedLanes }: ShownStatus, paint: Paint): Line[] =>
  refusedLanes.map(({ topic, reason, sinceSeconds }) => ({
    subject: '',
    text: paint('alert', `${topic} refused for ${formatDuration(sinceSeconds)}: ${reason}`),
  }));

const retryText = (seconds: number | null): string =>
  seconds === null ? '' : `; asked again in ${formatDuration(seconds)}`;

/** Nothing while all is as usual. */
const jobsLines = ({ jobs }: ShownStatus, paint: Paint): Line[] => {
  const { problem, retrySeconds, job, logLevel } = jobs;
  const texts = [
    ...(problem === null ? [] : [`${paint('warning', problem)}${retryText(retrySeconds)}`]),
    ...(job === null ? [] : [`${job.verb} (job ${job.id})`]),
    ...(logLevel === null
      ? []
      : [`log level ${logLevel.level} for ${formatDuration(logLevel.secondsLeft)} more`]),
  ];
  return texts.map((text, index) => ({ subject: index === 0 ? 'jobs' : '', text }));
};

/** Nothing while the file of the station alone is in force. */
const configurationLines = ({ configuration }: ShownStatus, paint: Paint): Line[] => {
  const { problem, retrySeconds, inForce, keys, dropped } = configuration;
  const trial = inForce === 'trial' ? ', on trial' : '';
  const texts = [
    ...(problem === null ? [] : [`${paint('warning', problem)}${retryText(retrySeconds)}`]),
    ...(keys.length === 0 ? [] : [`from afar${trial}: ${keys.join(', ')}`]),
    ...(dropped === null
      ? []
      : [
          paint(
            'warning',
            `not in force: ${dropped.path === '' ? '' : `${dropped.path}: `}found ${dropped.found}; allowed: ${dropped.allowed}`,
          ),
        ]),
  ];
  return texts.map((text, index) => ({ subject: index === 0 ? 'configured' : '', text }));
};

/** Only while the cloud is away: the outbox does not fill up otherwise. */
const roomText = (status: ShownStatus): string => {
  const seconds = status.link.state === 'connected' ? null : roomSeconds(status);
  return seconds === null ? '' : `, room for ${formatDuration(seconds)} more`;
};

const outboxLines = (status: ShownStatus, paint: Paint): Line[] => {
  const { outbox, drain } = status;
  const { waiting } = outbox.lanes.reading;
  const { delivered, setAside, givenUp } = outbox.totals;
  const oldest =
    outbox.oldestAgeSeconds === null ? '' : `, the oldest ${formatDuration(outbox.oldestAgeSeconds)} old`;
  const rate =
    drain.secondsLeft === null
      ? ''
      : `, ${formatNumber(drain.readingsPerSecond)} a second, ${formatDuration(drain.secondsLeft)} left`;
  const lost = `${formatNumber(givenUp)} given up`;
  return [
    { subject: 'outbox', text: `${formatNumber(waiting)} waiting${oldest}${rate}${roomText(status)}` },
    {
      subject: '',
      text:
        `${formatNumber(delivered)} delivered, ${formatNumber(setAside)} set aside, ` +
        (givenUp > 0 ? paint('alert', lost) : lost),
    },
  ];
};

const alertLines = ({ preAlerts }: ShownStatus, paint: Paint): Line[] => {
  const raised = preAlerts.filter(({ severity }) => severity !== 'none');
  const lines = preAlerts
    .filter(({ text }) => text !== '')
    .map(({ rule, severity, text, output }) => {
      const line = output === null || output.state === 'failing' ? '' : ` ${outputText(output)}`;
      return `${paint(severity === 'alert' ? 'alert' : 'warning', rule)}: ${text}${line}`;
    });
  const failing = preAlerts.flatMap(({ rule, output }) =>
    output?.state === 'failing' ? [`${rule}: ${paint('alert', outputText(output))}`] : [],
  );
  const none =
    raised.length === 0
      ? [`none raised, ${preAlerts.length} ${preAlerts.length === 1 ? 'rule' : 'rules'}`]
      : [];
  return [...none, ...lines, ...failing].map((text, index) => ({
    subject: index === 0 ? 'pre-alerts' : '',
    text,
  }));
};

const sensorLines = ({ instruments }: ShownStatus, paint: Paint): Line[] =>
  instruments.map(({ name, state, errors, lastFault }, index) => {
    const fault =
      lastFault === null
        ? ''
        : `, last fault ${lastFault.datetime} UTC: ${lastFault.message}, ${formatNumber(errors)} in all`;
    return {
      subject: index === 0 ? 'sensors' : '',
      text: `${name} ${paint(state === 'failing' ? 'alert' : 'good', state)}${fault}`,
    };
  });

const certificateText = (days: number | null, paint: Paint): string => {
  if (days === null) return paint('warning', 'none yet');
  const text = days < 0 ? 'expired' : `${formatNumber(days)} days left`;
  return days < EXPIRES_SOON_DAYS ? paint(days < 0 ? 'alert' : 'warning', text) : text;
};

const clockText = ({ clock }: ShownStatus, paint: Paint): string => {
  const steps = clock.steps === 0 ? '' : `, ${formatNumber(clock.steps)} steps since start`;
  return clock.isSynchronized ? `synchronized${steps}` : `${paint('warning', 'not synchronized')}${steps}`;
};

const supplyLines = ({ machine }: ShownStatus, paint: Paint): Line[] => {
  const { isUnderVoltage, underVoltages, lastUnderVoltage = '' } = machine;
  if (underVoltages === 0) return [];
  const text = `too low ${formatNumber(underVoltages)} times since start, last at ${lastUnderVoltage} UTC`;
  return [{ subject: 'supply', text: paint(isUnderVoltage === true ? 'alert' : 'warning', text) }];
};

/** What the dashboard says, for a terminal. */
export const statusText = (
  status: ShownStatus,
  paint: Paint,
  { table = quantityTable, units = unitFormat('metric') }: Partial<StatusTextOptions> = {},
): string => {
  const options = { table, units };
  const { station, version, uptimeSeconds, health, storeReport, notes } = status;
  const verdict = health.isHealthy
    ? paint('good', 'healthy')
    : paint('alert', `not working: ${health.reason ?? 'reason unknown'}`);
  const lines: Line[] = [
    ...readingLines(status, paint, options),
    ...rainLines(status, options),
    ...sunLines(status),
    { subject: 'link', text: linkText(status, paint) },
    ...refusedLines(status, paint),
    ...jobsLines(status, paint),
    ...configurationLines(status, paint),
    ...outboxLines(status, paint),
    ...alertLines(status, paint),
    ...sensorLines(status, paint),
    { subject: 'clock', text: clockText(status, paint) },
    { subject: 'certificate', text: certificateText(status.certificateDaysLeft, paint) },
    ...supplyLines(status, paint),
    ...(storeReport === null ? [] : [{ subject: 'store', text: paint('warning', storeReport) }]),
    ...notes.map((text) => ({ subject: 'note', text })),
  ];
  return [
    `${paint('heading', station.name)} (station ${station.id}): ${verdict}, ` +
      `up ${formatDuration(uptimeSeconds)}, version ${version}`,
    ...lines.map(({ subject, text }) => `  ${subject.padEnd(12)}${text}`),
    '',
  ].join('\n');
};

const styles = { good: 'green', warning: 'yellow', alert: 'red', heading: 'bold' } as const;

const inColour: Paint = (tone, text) => styleText(styles[tone], text);
const plain: Paint = (_tone, text) => text;

/** Asks the running daemon, and prints what it says. */
export const command = configured(async (config, args, context) => {
  const { out, signal } = context;
  const directory = stateDirectoryOf(config, context);
  const answer = await askDaemon(directory, signal);
  if (answer.kind === 'not running') return refuse(context, `no daemon runs on ${directory}`);
  if (answer.kind === 'unknown') return refuse(context, answer.reason);
  if (args.json === true) {
    out.write(`${printableJson(answer.body, 2)}\n`);
    return 0;
  }
  const status = shownStatus.safeParse(printableValue(answer.body));
  if (!status.success) return refuse(context, 'the daemon is of another version; --json shows its answer');
  const hasColours = out instanceof WriteStream && out.hasColors();
  const units = unitFormat(config.display.units);
  out.write(statusText(status.data, hasColours ? inColour : plain, { units }));
  return 0;
});
