import { outputText } from '../pre-alerts/pre-alert-status.ts';
import { roomSeconds } from '../status/status.ts';
import { compassPoint, formatDuration, formatFlag, formatNumber, formatWithUnit } from '../weather/format.ts';
import { isOptional, type QuantityTable, quantitiesOf, quantityTable } from '../weather/quantities.ts';
import type { ShownStatus } from './shown-status.ts';

export type Tone = 'good' | 'warning' | 'alert' | 'heading';
/** Colours where the terminal has them, the bare text elsewhere. */
export type Paint = (tone: Tone, text: string) => string;

type Line = { readonly subject: string; readonly text: string };

const EXPIRES_SOON_DAYS = 30;

const optionalTexts = (latest: Readonly<Record<string, unknown>>, table: QuantityTable): string[] =>
  quantitiesOf(table).flatMap((quantity) => {
    const { name, unit, shownDecimals } = table[quantity];
    const value = latest[quantity];
    if (!isOptional(table[quantity]) || value === undefined) return [];
    const number = typeof value === 'number' ? value : null;
    return [`${name.toLowerCase()} ${formatWithUnit(number, unit, shownDecimals)}`];
  });

const weatherText = (latest: NonNullable<ShownStatus['latest']>, table: QuantityTable): string => {
  const from = latest.winddirection === null ? '' : ` from ${compassPoint(latest.winddirection)}`;
  return [
    formatWithUnit(latest.temperature, '°C'),
    formatWithUnit(latest.humidity, '%', 0),
    formatWithUnit(latest.pressure, 'hPa'),
    `wind ${formatWithUnit(latest.windintensity, 'km/h')}${from}, gust ${formatWithUnit(latest.windgust, 'km/h')}`,
    `rain ${formatWithUnit(latest.rainheight, 'mm', 2)}`,
    ...optionalTexts(latest, table),
  ].join(' · ');
};

const readingLines = (
  { latest, latestAgeSeconds }: ShownStatus,
  paint: Paint,
  table: QuantityTable,
): Line[] => {
  if (latest === null) return [{ subject: 'reading', text: paint('warning', 'none yet') }];
  const age = latestAgeSeconds === null ? '' : `, ${formatDuration(latestAgeSeconds)} ago`;
  return [
    { subject: 'reading', text: weatherText(latest, table) },
    { subject: '', text: `${latest.datetime} UTC (${latest.timequality})${age}` },
    ...Object.entries(latest.quality).map(([quantity, flag]) => ({
      subject: '',
      text: paint('warning', `${quantity} ${formatFlag(flag)}`),
    })),
  ];
};

const linkText = ({ link }: ShownStatus, paint: Paint): string => {
  const since = formatDuration(link.sinceSeconds);
  const tone = link.state === 'connected' ? 'good' : 'alert';
  const reason = link.reason === undefined ? '' : `: ${link.reason}`;
  const problem = link.problem === null ? '' : `; ${paint('alert', link.problem)}`;
  return `${paint(tone, link.state)} for ${since}${reason} (${formatNumber(link.reconnects)} reconnects)${problem}`;
};

const refusedLines = ({ refusedLanes }: ShownStatus, paint: Paint): Line[] =>
  refusedLanes.map(({ topic, reason, sinceSeconds }) => ({
    subject: '',
    text: paint('alert', `${topic} refused for ${formatDuration(sinceSeconds)}: ${reason}`),
  }));

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
  const raised = preAlerts.filter(({ text }) => text !== '');
  const lines = raised.map(({ rule, severity, text, output }) => {
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
  if (days === null) return paint('warning', 'unknown');
  const text = days < 0 ? 'expired' : `${formatNumber(days)} days left`;
  return days < EXPIRES_SOON_DAYS ? paint(days < 0 ? 'alert' : 'warning', text) : text;
};

const clockText = ({ clock }: ShownStatus, paint: Paint): string => {
  const steps = clock.steps === 0 ? '' : `, ${formatNumber(clock.steps)} steps since start`;
  return clock.isSynchronized ? `synchronized${steps}` : `${paint('warning', 'not synchronized')}${steps}`;
};

/** What the dashboard says, for a terminal. */
export const statusText = (
  status: ShownStatus,
  paint: Paint,
  table: QuantityTable = quantityTable,
): string => {
  const { station, version, uptimeSeconds, health, storeReport } = status;
  const verdict = health.isHealthy
    ? paint('good', 'healthy')
    : paint('alert', `not working: ${health.reason ?? 'reason unknown'}`);
  const lines: Line[] = [
    ...readingLines(status, paint, table),
    { subject: 'link', text: linkText(status, paint) },
    ...refusedLines(status, paint),
    ...outboxLines(status, paint),
    ...alertLines(status, paint),
    ...sensorLines(status, paint),
    { subject: 'clock', text: clockText(status, paint) },
    { subject: 'certificate', text: certificateText(status.certificateDaysLeft, paint) },
    ...(storeReport === null ? [] : [{ subject: 'store', text: paint('warning', storeReport) }]),
  ];
  return [
    `${paint('heading', station.name)} (station ${station.id}): ${verdict}, ` +
      `up ${formatDuration(uptimeSeconds)}, version ${version}`,
    ...lines.map(({ subject, text }) => `  ${subject.padEnd(12)}${text}`),
    '',
  ].join('\n');
};
