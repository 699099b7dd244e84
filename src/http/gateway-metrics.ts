import { counter, gauge, type MetricDefinition, scaled } from './metric-definition.ts';

const SECONDS_PER_DAY = 86_400;

const readings: readonly MetricDefinition[] = [
  counter(
    'weather_gateway_readings_accepted_total',
    'Readings on disk since the store began.',
    ({ outbox }) => outbox.totals.accepted,
  ),
  counter(
    'weather_gateway_readings_delivered_total',
    'Readings acknowledged by the broker since the store began.',
    ({ outbox }) => outbox.totals.delivered,
  ),
  counter(
    'weather_gateway_readings_possibly_duplicated_total',
    'Readings published again because no answer came, since start.',
    ({ possibleDuplicates }) => possibleDuplicates,
  ),
  counter(
    'weather_gateway_readings_set_aside_total',
    'Readings that can never be sent, since the store began.',
    ({ outbox }) => outbox.totals.setAside,
  ),
  counter(
    'weather_gateway_readings_given_up_total',
    'Readings lost to a full or damaged store, since it began.',
    ({ outbox }) => outbox.totals.givenUp,
  ),
  counter(
    'weather_gateway_readings_unstored_total',
    'Readings that could not be stored, since start.',
    ({ unstored }) => unstored,
  ),
];

const store: readonly MetricDefinition[] = [
  {
    kind: 'gauge',
    name: 'weather_gateway_outbox_waiting',
    help: 'Records that wait for the network.',
    labels: ['lane'],
    samples: ({ outbox }) =>
      Object.entries(outbox.lanes).map(([lane, { waiting }]) => ({ labels: { lane }, value: waiting })),
  },
  {
    kind: 'gauge',
    name: 'weather_gateway_outbox_waiting_bytes',
    help: 'Size of the records that wait.',
    labels: ['lane'],
    samples: ({ outbox }) =>
      Object.entries(outbox.lanes).map(([lane, { waitingBytes }]) => ({
        labels: { lane },
        value: waitingBytes,
      })),
  },
  gauge(
    'weather_gateway_outbox_max_bytes',
    'Size beyond which the oldest readings go.',
    ({ outbox }) => outbox.maxBytes,
  ),
  gauge(
    'weather_gateway_outbox_oldest_age_seconds',
    'Age of the oldest waiting reading, 0 when none waits.',
    ({ outbox }) => outbox.oldestAgeSeconds ?? 0,
  ),
  counter(
    'weather_gateway_store_written_bytes_total',
    'Bytes given to the disk since start.',
    ({ writtenBytes }) => writtenBytes,
  ),
  gauge(
    'weather_gateway_store_written_today_bytes',
    'Bytes given to the disk on this UTC day; what flash wears out by.',
    ({ writtenTodayBytes }) => writtenTodayBytes,
  ),
];

/** What the daemon knows of itself. */
export const gatewayMetrics: readonly MetricDefinition[] = [
  ...readings,
  ...store,
  gauge('weather_gateway_link_connected', 'Whether the broker is connected.', ({ link }) =>
    link.state === 'connected' ? 1 : 0,
  ),
  counter(
    'weather_gateway_link_reconnects_total',
    'Connections made after the first, since start.',
    ({ link }) => link.reconnects,
  ),
  {
    kind: 'gauge',
    name: 'weather_gateway_lane_refused',
    help: 'Messages of a lane that the broker refused in a row; no sample while it takes them.',
    labels: ['lane', 'topic', 'reason'],
    samples: ({ refusedLanes }) =>
      refusedLanes.map(({ lane, topic, reason, attempts }) => ({
        labels: { lane, topic, reason },
        value: attempts,
      })),
  },
  counter(
    'weather_gateway_pulses_possibly_lost_total',
    'Pulses of rain gauge and anemometer that may have been missed, since start.',
    ({ suspectedMissedPulses }) => suspectedMissedPulses,
  ),
  gauge('weather_gateway_clock_synchronized', 'Whether the clock is known to be right.', ({ clock }) =>
    clock.isSynchronized ? 1 : 0,
  ),
  counter(
    'weather_gateway_clock_steps_total',
    'Steps of the wall clock seen since start.',
    ({ clock }) => clock.steps,
  ),
  {
    kind: 'gauge',
    name: 'weather_gateway_instrument_up',
    help: 'Whether the last read of the instrument gave a value.',
    labels: ['instrument'],
    samples: ({ instruments }) =>
      instruments.map(({ name, state }) => ({ labels: { instrument: name }, value: state === 'ok' ? 1 : 0 })),
  },
  {
    kind: 'counter',
    name: 'weather_gateway_instrument_errors_total',
    help: 'Reads of the instrument that failed, since start.',
    labels: ['instrument'],
    samples: ({ instruments }) =>
      instruments.map(({ name, errors }) => ({ labels: { instrument: name }, value: errors })),
  },
  {
    kind: 'gauge',
    name: 'weather_gateway_pre_alert_state',
    help: 'State of each pre-alert rule: 1 for the state it is in.',
    labels: ['rule', 'severity', 'state'],
    samples: ({ preAlerts }) =>
      preAlerts.map(({ rule, severity, state }) => ({ labels: { rule, severity, state }, value: 1 })),
  },
  gauge('weather_gateway_certificate_remaining_seconds', 'Until the certificate expires.', (status) =>
    scaled(status.certificateDaysLeft, SECONDS_PER_DAY),
  ),
  gauge('weather_gateway_healthy', 'Whether readings are taken and stored in time.', ({ health }) =>
    health.isHealthy ? 1 : 0,
  ),
  gauge(
    'weather_gateway_uptime_seconds',
    'Time since the daemon started.',
    ({ uptimeSeconds }) => uptimeSeconds,
  ),
  gauge(
    'process_resident_memory_bytes',
    'Resident memory of the daemon.',
    ({ residentMemoryBytes }) => residentMemoryBytes,
  ),
  {
    kind: 'gauge',
    name: 'weather_gateway_info',
    help: 'The station and the version it runs.',
    labels: ['station', 'version'],
    samples: ({ station, version }) => [{ labels: { station: station.id, version }, value: 1 }],
  },
];
