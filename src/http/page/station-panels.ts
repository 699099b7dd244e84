import type { InstrumentStatus } from '../../instruments/instrument-health.ts';
import { LATE_READINGS } from '../../measuring/progress.ts';
import { isActive, outputText } from '../../pre-alerts/alert-outputs.ts';
import type { PreAlertStatus } from '../../pre-alerts/pre-alert-runner.ts';
import { type GatewayStatus, roomSeconds } from '../../status/status.ts';
import { formatBytes, formatDuration, formatNumber } from '../../weather/format.ts';
import {
  create,
  element,
  type Fact,
  replaceContent,
  type State,
  setState,
  setText,
  showFacts,
} from './elements.ts';

const linkTexts = ({ link }: GatewayStatus): { state: State; short: string; long: string } => {
  const since = formatDuration(link.sinceSeconds);
  if (link.problem !== null)
    return { state: 'alert', short: 'trouble', long: `${link.state} for ${since}: ${link.problem}` };
  if (link.state === 'connected') return { state: 'good', short: 'online', long: `Connected for ${since}` };
  if (link.state === 'connecting')
    return { state: 'warning', short: 'connecting', long: `Connecting for ${since}` };
  return { state: 'alert', short: 'offline', long: `Offline for ${since}: ${link.reason}` };
};

const showDrain = ({ drain, outbox }: GatewayStatus): void => {
  const isDraining = drain.startedWith !== null && drain.secondsLeft !== null;
  element('drain').hidden = !isDraining;
  if (drain.startedWith === null || drain.secondsLeft === null) return;
  const sent = Math.max(0, drain.startedWith - outbox.lanes.reading.waiting);
  element('drain-progress').setAttribute('value', String(sent / Math.max(1, drain.startedWith)));
  setText(
    element('drain-text'),
    `${formatNumber(sent)} of ${formatNumber(drain.startedWith)} sent, ` +
      `${formatNumber(drain.readingsPerSecond)} a second, ${formatDuration(drain.secondsLeft)} left`,
  );
};

/** Only while the cloud is away: the outbox does not fill up otherwise. */
const roomFacts = (status: GatewayStatus): Fact[] => {
  const seconds = status.link.state === 'connected' ? null : roomSeconds(status);
  return seconds === null ? [] : [{ name: 'Room for', value: `${formatDuration(seconds)} more` }];
};

export const showLink = (status: GatewayStatus): void => {
  const { outbox } = status;
  const { state, short, long } = linkTexts(status);
  setState(element('link'), state, long);
  setState(element('link-pill'), state, short);
  showDrain(status);
  const lost = outbox.totals.givenUp;
  showFacts(element('outbox'), [
    { name: 'Readings waiting', value: formatNumber(outbox.lanes.reading.waiting) },
    {
      name: 'Oldest waiting',
      value: outbox.oldestAgeSeconds === null ? 'none' : `${formatDuration(outbox.oldestAgeSeconds)} old`,
    },
    { name: 'Pre-alerts waiting', value: formatNumber(outbox.lanes.prealert.waiting) },
    {
      name: 'Room used',
      value: `${formatBytes(outbox.lanes.reading.waitingBytes)} of ${formatBytes(outbox.maxBytes)}`,
    },
    ...roomFacts(status),
    { name: 'Delivered', value: formatNumber(outbox.totals.delivered) },
    { name: 'Set aside', value: formatNumber(outbox.totals.setAside) },
    { name: 'Given up', value: formatNumber(lost), ...(lost > 0 ? { state: 'alert' } : {}) },
    { name: 'Reconnects', value: formatNumber(status.link.reconnects) },
  ]);
};

const item = (
  state: State,
  { name, word, detail }: { readonly name: string; readonly word: string; readonly detail: string },
): HTMLElement =>
  create('li', { 'data-state': state }, [
    create('div', { class: 'line' }, [
      create('span', { class: 'name' }, name),
      create('span', { class: 'word' }, word),
    ]),
    ...(detail === '' ? [] : [create('p', { class: 'detail' }, detail)]),
  ]);

const alertState = (alert: PreAlertStatus): State => {
  if (alert.output?.state === 'failing') return 'alert';
  if (alert.state === 'unknown') return 'waiting';
  if (!isActive(alert)) return alert.state === 'pending' ? 'warning' : 'good';
  return alert.severity === 'alert' ? 'alert' : 'warning';
};

export const showPreAlerts = ({ preAlerts }: GatewayStatus): void => {
  const items = preAlerts.map((alert) =>
    item(alertState(alert), {
      name: alert.rule,
      word: isActive(alert) ? alert.severity : alert.state,
      detail: [alert.text, alert.output === null ? '' : outputText(alert.output)].join(' ').trim(),
    }),
  );
  replaceContent(
    element('pre-alerts'),
    items.length > 0 ? items : [create('li', { class: 'muted' }, 'No rules are set.')],
  );
};

const sensorStates: Readonly<Record<InstrumentStatus['state'], State>> = {
  waiting: 'waiting',
  ok: 'good',
  failing: 'alert',
};

const faultText = ({ lastFault, errors }: InstrumentStatus): string =>
  lastFault === null
    ? ''
    : `${lastFault.datetime} UTC: ${lastFault.message} (${lastFault.code}); ${formatNumber(errors)} failed reads`;

export const showSensors = ({ instruments }: GatewayStatus): void =>
  replaceContent(
    element('sensors'),
    instruments.map((instrument) =>
      item(sensorStates[instrument.state], {
        name: instrument.title,
        word: instrument.state === 'failing' ? 'no value' : instrument.state,
        detail: faultText(instrument),
      }),
    ),
  );

const certificateFact = ({ certificateDaysLeft: days }: GatewayStatus): Fact => {
  const name = 'Certificate';
  if (days === null) return { name, value: 'none yet', state: 'warning' };
  if (days < 0) return { name, value: 'expired', state: 'alert' };
  return { name, value: `${formatNumber(days)} days left`, ...(days < 30 ? { state: 'warning' } : {}) };
};

const clockFacts = ({ clock, latest }: GatewayStatus): Fact[] => [
  clock.isSynchronized
    ? { name: 'Clock', value: 'synchronized' }
    : { name: 'Clock', value: 'not synchronized', state: 'warning' },
  ...(latest === null ? [] : [{ name: 'Time of readings', value: latest.timequality }]),
  ...(clock.steps === 0 ? [] : [{ name: 'Clock steps', value: formatNumber(clock.steps) }]),
];

/** Under-voltage, temperature, memory and disk of the machine, as far as it reports them. */
const machineFacts = ({ machine, runs }: GatewayStatus): Fact[] => {
  const { underVoltages = 0, lastUnderVoltage, isThrottled, temperatureCelsius, wifiSignalDbm } = machine;
  const { freeMemoryBytes, freeDiskBytes } = machine;
  const supply: Fact[] =
    underVoltages === 0
      ? []
      : [
          {
            name: 'Supply',
            value: `too low ${formatNumber(underVoltages)} times, last at ${lastUnderVoltage} UTC`,
            state: machine.isUnderVoltage === true ? 'alert' : 'warning',
          },
        ];
  const fact = (name: string, value: number | undefined, text: (value: number) => string): Fact[] =>
    value === undefined ? [] : [{ name, value: text(value) }];
  return [
    ...supply,
    ...(isThrottled === true ? [{ name: 'Processor', value: 'slowed down', state: 'warning' } as const] : []),
    ...fact('Processor temperature', temperatureCelsius, (celsius) => `${formatNumber(celsius, 1)} °C`),
    ...fact('Memory left', freeMemoryBytes, formatBytes),
    ...fact('Disk left', freeDiskBytes, formatBytes),
    ...fact('Wi-Fi signal', wifiSignalDbm, (dbm) => `${formatNumber(dbm)} dBm`),
    { name: 'Unclean shutdowns', value: formatNumber(runs.uncleanShutdowns) },
  ];
};

export const showDaemon = (status: GatewayStatus): void =>
  showFacts(element('daemon'), [
    ...clockFacts(status),
    certificateFact(status),
    {
      name: 'Not stored',
      value: formatNumber(status.unstored),
      ...(status.unstored > 0 ? { state: 'alert' } : {}),
    },
    { name: 'Pulses possibly missed', value: formatNumber(status.suspectedMissedPulses) },
    { name: 'Written to the disk', value: formatBytes(status.writtenBytes) },
    { name: 'Memory', value: formatBytes(status.residentMemoryBytes) },
    ...machineFacts(status),
    { name: 'Running for', value: formatDuration(status.uptimeSeconds) },
    { name: 'Version', value: status.version },
    ...(status.storeReport === null
      ? []
      : [{ name: 'Store', value: status.storeReport, state: 'warning' } satisfies Fact]),
  ]);

type Notice = { readonly severity: 'warning' | 'alert'; readonly text: string };

/** What only somebody at the station can mend, and who says how. */
const remedyNotices = ({ instruments, link }: GatewayStatus): Notice[] => {
  const failing = instruments.filter(({ state }) => state === 'failing').map(({ title }) => title);
  const troubles = [
    ...(failing.length === 0 ? [] : [`There is no value from: ${failing.join('; ')}.`]),
    ...(link.problem === null
      ? []
      : ['The connection to the cloud does not work; readings are kept until it does.']),
  ];
  if (troubles.length === 0) return [];
  const remedy = 'On the station, “sudo weather-gateway doctor” says what to do.';
  return [{ severity: 'warning', text: [...troubles, remedy].join(' ') }];
};

const noticesOf = (status: GatewayStatus): Notice[] => {
  const { health, latestAgeSeconds, intervalSeconds, preAlerts } = status;
  const isStale = latestAgeSeconds !== null && latestAgeSeconds > LATE_READINGS * intervalSeconds;
  return [
    ...(health.isHealthy
      ? []
      : [
          {
            severity: 'alert' as const,
            text: `The station does not work: ${health.reason ?? 'reason unknown'}.`,
          },
        ]),
    ...preAlerts
      .filter(isActive)
      .map(({ severity, text }): Notice => ({ severity: severity === 'alert' ? 'alert' : 'warning', text })),
    ...remedyNotices(status),
    // To the minute: what is announced must not change with each event.
    ...(isStale
      ? [
          {
            severity: 'warning' as const,
            text: `The newest reading is over ${formatDuration(Math.max(60, Math.floor(latestAgeSeconds / 60) * 60))} old.`,
          },
        ]
      : []),
  ];
};

/** What a person must not miss, above everything else. */
export const showNotices = (status: GatewayStatus): void =>
  replaceContent(
    element('notices'),
    noticesOf(status).map(({ severity, text }) =>
      create('p', { class: 'notice', 'data-severity': severity }, text),
    ),
  );
