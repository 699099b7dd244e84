import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { GatewayStatus } from '../status/status.ts';
import { isOptional, type QuantityTable, quantitiesOf, quantityTable } from '../weather/quantities.ts';

type Sample = { readonly value: number; readonly labels?: Readonly<Record<string, string>> };

type MetricDefinition = {
  readonly kind: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Not listed at all while it has no sample. */
  readonly isOptional?: boolean;
  readonly samples: (status: GatewayStatus) => readonly Sample[];
};

type Read = (status: GatewayStatus) => number | null;

/** What is not known has no sample: Prometheus shows a gap, not a zero. */
const one =
  (read: Read): MetricDefinition['samples'] =>
  (status) => {
    const value = read(status);
    return value === null ? [] : [{ value }];
  };

const scaled = (value: number | null | undefined, factor: number): number | null =>
  value === null || value === undefined ? null : value * factor;

const gauge = (name: string, help: string, read: Read): MetricDefinition => ({
  kind: 'gauge',
  name,
  help,
  samples: one(read),
});

const counter = (name: string, help: string, read: Read): MetricDefinition => ({
  kind: 'counter',
  name,
  help,
  samples: one(read),
});

const METRES_PER_MM = 0.001;

/** The newest reading in the units of the Prometheus convention. */
const weatherMetricsOf = (table: QuantityTable): readonly MetricDefinition[] => [
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
  gauge('weather_rain_today_meters', "Rain since the station's own day began.", ({ rain }) =>
    scaled(rain.todayMm, METRES_PER_MM),
  ),
];

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

/** Of the machine under the daemon: one that does not tell something has no such metric. */
const ofMachine = (
  kind: MetricDefinition['kind'],
  name: string,
  help: string,
  read: (machine: GatewayStatus['machine']) => number | boolean | undefined,
): MetricDefinition => ({
  kind,
  name: `weather_gateway_machine_${name}`,
  help,
  isOptional: true,
  samples: one(({ machine }) => {
    const value = read(machine);
    return value === undefined ? null : Number(value);
  }),
});

const machineMetrics: readonly MetricDefinition[] = [
  ofMachine(
    'gauge',
    'undervoltage',
    'Whether the supply of the board is too low.',
    ({ isUnderVoltage }) => isUnderVoltage,
  ),
  ofMachine(
    'counter',
    'undervoltages_total',
    'How often the supply became too low, since start.',
    ({ underVoltages }) => underVoltages,
  ),
  ofMachine(
    'gauge',
    'throttled',
    'Whether the firmware slows the processor down, for its supply or its heat.',
    ({ isThrottled }) => isThrottled,
  ),
  ofMachine(
    'gauge',
    'temperature_celsius',
    'Temperature of the processor.',
    ({ temperatureCelsius }) => temperatureCelsius,
  ),
  ofMachine(
    'gauge',
    'available_memory_bytes',
    'Memory that programs can still get.',
    ({ freeMemoryBytes }) => freeMemoryBytes,
  ),
  ofMachine(
    'gauge',
    'load',
    'Processes that ran or wanted to, on average over five minutes.',
    ({ load }) => load,
  ),
  ofMachine(
    'gauge',
    'free_disk_bytes',
    'Room left where the store lies.',
    ({ freeDiskBytes }) => freeDiskBytes,
  ),
  ofMachine('gauge', 'wifi_signal_dbm', 'Signal of the Wi-Fi.', ({ wifiSignalDbm }) => wifiSignalDbm),
];

/** What the daemon knows of itself. */
const gatewayMetrics: readonly MetricDefinition[] = [
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
  ...machineMetrics,
  counter(
    'weather_gateway_unclean_shutdowns_total',
    'Runs that ended without having been stopped, since the store began: a power cut, a crash, the watchdog.',
    ({ runs }) => runs.uncleanShutdowns,
  ),
  counter(
    'weather_gateway_boots_total',
    'Boots of the machine in which the daemon ran, since the store began.',
    ({ runs }) => runs.boots,
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

export type Metrics = {
  /** One synced commit to the store. */
  observeCommit(seconds: number): void;
  /** From publishing to PUBACK. */
  observePuback(seconds: number): void;
  /** Prometheus text. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
};

/** An SD card at its best takes 5 ms, a worn one stalls for seconds. */
const commitBucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const pubackBucketsSeconds = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const createUpdate = (
  registry: Registry,
  definition: MetricDefinition,
): ((status: GatewayStatus) => void) => {
  const { kind, name, help, samples, isOptional = false } = definition;
  const options = {
    name,
    help,
    labelNames: definition.labels ?? [],
    registers: isOptional ? [] : [registry],
  };
  if (kind === 'counter') {
    const counter = new Counter(options);
    // The counts are kept elsewhere, some of them across restarts; this only shows them.
    return (status) => {
      counter.reset();
      const current = samples(status);
      for (const { labels = {}, value } of current) counter.inc(labels, value);
      if (isOptional && current.length === 0) registry.removeSingleMetric(name);
      else registry.registerMetric(counter);
    };
  }
  const gauge = new Gauge(options);
  return (status) => {
    gauge.reset();
    const current = samples(status);
    // `reset` leaves a gauge without labels at zero, which would be a made-up number.
    if (current.length === 0 && definition.labels === undefined) gauge.remove();
    for (const { labels = {}, value } of current) gauge.set(labels, value);
    if (isOptional && current.length === 0) registry.removeSingleMetric(name);
    else registry.registerMetric(gauge);
  };
};

/** The daemon's status as metrics, and the latencies that a status cannot hold. */
export const createMetrics = (status: () => GatewayStatus, table: QuantityTable = quantityTable): Metrics => {
  const registry = new Registry();
  const updates = [...weatherMetricsOf(table), ...gatewayMetrics].map((definition) =>
    createUpdate(registry, definition),
  );
  const commits = new Histogram({
    name: 'weather_gateway_store_commit_duration_seconds',
    help: 'Time of a synced commit.',
    buckets: commitBucketsSeconds,
    registers: [registry],
  });
  const pubacks = new Histogram({
    name: 'weather_gateway_puback_duration_seconds',
    help: 'Time from publishing to PUBACK.',
    buckets: pubackBucketsSeconds,
    registers: [registry],
  });
  return {
    observeCommit: (seconds) => commits.observe(seconds),
    observePuback: (seconds) => pubacks.observe(seconds),
    render: async () => {
      const current = status();
      for (const update of updates) update(current);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
};
