import type { StationBuses } from './buses/station-buses.ts';
import type { DeviceCredentials } from './certificate/device-credentials.ts';
import type { GatewayConfig } from './config/schema.ts';
import { serveDashboard } from './http/dashboard.ts';
import { createMetrics } from './http/metrics.ts';
import type { PageFile } from './http/page-files.ts';
import { serveStatusSocket } from './http/status-socket.ts';
import type { ConfiguredInstrument } from './instruments/instrument.ts';
import type { Log } from './log.ts';
import type { Publisher } from './mqtt/publisher.ts';
import { type OpenedOutbox, openOutbox } from './outbox/open-outbox.ts';
import { awaitStore, handOver, StoreIsBackError } from './outbox/return-to-disk.ts';
import { openStation } from './station.ts';
import { gatewayStatus, statusLine } from './status/gateway-status.ts';
import type { GatewayStatus } from './status/status.ts';
import { StatusPoller } from './status/status-poller.ts';
import { processWrittenBytes } from './store/process-writes.ts';
import { describeStoreReport } from './store/store-report.ts';
import { WriteBudget } from './store/write-budget.ts';
import { type ServiceManager, superviseByProgress } from './systemd.ts';
import type { Clock } from './time/clock.ts';
import { type Loop, runTogether } from './time/run-together.ts';
import type { Synchronization } from './time/synchronization.ts';
import { timeOf } from './uplink/stored-bodies.ts';
import { Uplink } from './uplink/uplink.ts';
import { BYTES_PER_MEGABYTE } from './weather/format.ts';

/** Everything the daemon touches the world by. */
export type GatewayParts = {
  readonly config: GatewayConfig;
  readonly version: string;
  /** Where the store lies. */
  readonly directory: string;
  readonly bootId: string;
  readonly clock: Clock;
  readonly synchronization: Synchronization;
  /** What the configuration lists, in its order. */
  readonly instruments: readonly ConfiguredInstrument[];
  readonly buses: StationBuses;
  readonly publisher: Publisher;
  /** The pair of key and certificate in use. */
  readonly credentials: Pick<DeviceCredentials, 'current'>;
  readonly manager: ServiceManager;
  readonly pageFiles: readonly PageFile[];
  readonly log: Log;
};

/**
 * The gateway from its first sample until the signal aborts. Sampling waits for nothing but the store: neither for a
 * network nor for a sensor nor for the time. Rejects for a bug; with `StorageLockedError` or `StorageUnusableError` for a
 * data directory that cannot be used; with `StoreIsBackError` once a store that was too full to open can be opened.
 */
export const runGateway = async (parts: GatewayParts, signal: AbortSignal): Promise<void> => {
  const { config, directory, clock, log } = parts;
  const maxBytes = config.outbox.maxMegabytes * BYTES_PER_MEGABYTE;
  const wallMs = (): number => clock.wallMs();
  const outboxOptions = { directory, maxBytes, log, wallMs, timeOf };
  const opened = await openOutbox(outboxOptions);
  try {
    const loops = await openLoops(parts, opened);
    if (opened.report.outcome === 'unavailable') loops.push((stop) => awaitStore(outboxOptions, clock, stop));
    await runTogether(loops, signal);
  } catch (error) {
    if (error instanceof StoreIsBackError) await handOver(opened.outbox, outboxOptions);
    throw error;
  } finally {
    await parts.buses.close();
    await opened.outbox.close();
    await opened.store.close();
  }
};

const openLoops = async (parts: GatewayParts, opened: OpenedOutbox): Promise<Loop[]> => {
  const { config, clock, log, manager, pageFiles } = parts;
  const { outbox } = opened;
  const startedAtMs = clock.monotonicMs();
  const station = await openStation({
    ...parts,
    opened,
    uplink: { notify: () => uplink.notify() },
    metrics: { observeCommit: (seconds) => metrics.observeCommit(seconds) },
  });
  const { timeKeeper, progress, history } = station;
  const writtenBytes = (): number => processWrittenBytes(() => opened.store.writtenBytes());
  const writeBudget = new WriteBudget({
    budgetMegabytes: warningMegabytes(config.outbox),
    log,
    writtenBytes,
    wallMs: () => clock.wallMs(),
  });
  const poller = new StatusPoller({
    credentials: parts.credentials,
    writeBudget,
    clock,
    outbox,
    timeOf,
    timeKeeper,
  });
  const status = (): GatewayStatus =>
    gatewayStatus({
      ...{ ...parts, ...opened, ...station },
      startedAtMs,
      writtenBytes,
      monotonicMs: () => clock.monotonicMs(),
      storeReport: describeStoreReport(opened.report),
      uplink,
      polled: () => poller.current(),
    });
  const metrics = createMetrics(status);
  const uplink = openUplink(parts, {
    outbox,
    timeKeeper,
    onAcknowledged: ({ pubackMs }) => metrics.observePuback(pubackMs / 1000),
  });
  const health = () => progress.health();
  return [
    ...station.loops,
    publishing(parts.publisher, uplink),
    (signal) => poller.run(signal),
    serveStatusSocket({ directory: parts.directory, status, clock, log }),
    serveDashboard({ config: config.http, clock, log, pageFiles, status, health, history, metrics }),
    (signal) =>
      superviseByProgress(
        {
          ...{ manager, clock, log },
          isReady: () => progress.hasSampled(),
          isAlive: () => progress.isAlive(),
          statusLine: () => statusLine(status()),
        },
        signal,
      ),
  ];
};

const warningMegabytes = (outbox: GatewayConfig['outbox']): number =>
  outbox.dailyWriteWarningMegabytes ?? outbox.dailyWriteMegabytes ?? Number.POSITIVE_INFINITY;

type UplinkParts = ConstructorParameters<typeof Uplink>[0];

const openUplink = (
  { config, version, publisher, clock, log }: GatewayParts,
  parts: Pick<UplinkParts, 'outbox' | 'timeKeeper' | 'onAcknowledged'>,
): Uplink => {
  const deviceid = config.station.id;
  const { topicPrefix } = config.aws;
  const { sendSeconds } = config.reporting;
  return new Uplink({ ...parts, deviceid, topicPrefix, sendSeconds, version, publisher, clock, log });
};

const publishing =
  (publisher: Publisher, uplink: Uplink): Loop =>
  async (signal) => {
    publisher.start();
    try {
      await uplink.run(signal);
    } finally {
      await publisher.stop();
    }
  };
