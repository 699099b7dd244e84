import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { GatewayStatus } from '../status/status.ts';
import { type QuantityTable, quantityTable } from '../weather/quantities.ts';
import { gatewayMetrics } from './gateway-metrics.ts';
import type { MetricDefinition } from './metric-definition.ts';
import { weatherMetricsOf } from './weather-metrics.ts';

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
      for (const { labels = {}, value } of samples(status)) counter.inc(labels, value);
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
