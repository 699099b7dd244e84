import type { StationBuses } from './buses/station-buses.ts';
import type { DeviceCredentials } from './certificate/device-credentials.ts';
import type { GatewayConfig } from './config/schema.ts';
import { healthReport } from './health/health.ts';
import { MachineWatch } from './health/machine-watch.ts';
import { beginRun, endRun } from './health/runs.ts';
import { type History, openHistory } from './history/history.ts';
import { createMetrics, type Metrics } from './http/metrics.ts';
import { type PageFile, serveDashboard } from './http/server.ts';
import type { ConfiguredInstrument } from './instruments/instrument.ts';
import { StationInstruments } from './instruments/station-instruments.ts';
import type { Log } from './log.ts';
import { Progress } from './measuring/progress.ts';
import { Recorder } from './measuring/recorder.ts';
import { INTERIM_MS, needsInterims, Sampler } from './measuring/sampler.ts';
import type { Publisher } from './mqtt/publisher.ts';
import { awaitStore, closeOutbox, handOver, type OpenedOutbox, openOutbox } from './outbox/open-outbox.ts';
import type { Outbox } from './outbox/outbox.ts';
import { openPreAlertOutputs } from './pre-alerts/alert-outputs.ts';
import { PreAlertRunner, savedPreAlerts } from './pre-alerts/pre-alert-runner.ts';
import { createPreAlerts } from './pre-alerts/pre-alerts.ts';
import { createQualityControl } from './quality/quality-control.ts';
import type { StationOverlays } from './remote/configuration.ts';
import { openRemote, type Remote } from './remote/remote.ts';
import type { SelfHelp } from './remote/self-help.ts';
import type { StationActions } from './remote/station-verbs.ts';
import { WorkingRelease } from './remote/update-files.ts';
import { serveStatusSocket } from './status/daemon-socket.ts';
import { gatewayStatus, StatusPoller, statusLine } from './status/gateway-status.ts';
import type { GatewayStatus } from './status/status.ts';
import { describeStoreReport } from './store/store.ts';
import { processWrittenBytes, WriteBudget } from './store/write-budget.ts';
import { type ServiceManager, superviseByProgress } from './systemd.ts';
import type { Clock } from './time/clock.ts';
import { type Loop, runTogether } from './time/loops.ts';
import type { Synchronization } from './time/synchronization.ts';
import { TimeKeeper } from './time/time-keeper.ts';
import { timeOf } from './uplink/outgoing.ts';
import { Uplink } from './uplink/uplink.ts';
import { LocalDays } from './weather/day.ts';
import { RECENT_SPAN_MS } from './weather/derived.ts';
import { BYTES_PER_MEGABYTE } from './weather/format.ts';
import { formatDatetime } from './weather/message.ts';

/** Everything the daemon touches the world by. */
type GatewayParts = {
  readonly config: GatewayConfig;
  /** What came from afar, and how more of it is taken; nothing is taken without. */
  readonly station?: StationOverlays | undefined;
  readonly version: string;
  /** Where the store lies. */
  readonly directory: string;
  /** Where the commands ask for the status when that directory cannot have a socket. */
  readonly runtimeDirectory?: string | undefined;
  readonly bootId: string;
  /** The folder of the release that runs. */
  readonly release: string;
  readonly clock: Clock;
  readonly synchronization: Synchronization;
  /** What the configuration lists, in its order. */
  readonly instruments: readonly ConfiguredInstrument[];
  readonly buses: StationBuses;
  readonly publisher: Publisher;
  /** The pair of key and certificate in use. */
  readonly credentials: Pick<DeviceCredentials, 'current'>;
  /** Renews the certificate, where the configuration says how. */
  readonly renewal?: Loop | undefined;
  /** What a job of AWS IoT may do with this station. */
  readonly actions: StationActions;
  /** Reboots a machine whose network is dead, where the configuration says when. */
  readonly selfHelp?: Pick<SelfHelp, 'run' | 'noteAcknowledged'> | undefined;
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
  const isInMemory = opened.report.outcome === 'unavailable';
  const run = { outbox: opened.outbox, bootId: parts.bootId, log };
  try {
    const loops = await openLoops(parts, opened);
    const { selfHelp } = parts;
    if (selfHelp !== undefined) loops.push((stop) => selfHelp.run(stop));
    if (isInMemory) loops.push((stop) => awaitStore(outboxOptions, clock, stop));
    await runTogether(loops, signal);
    await endRun(run);
  } finally {
    await parts.buses.close();
    if (isInMemory) {
      await endRun(run);
      await handOver(opened.outbox, outboxOptions);
    }
    await closeOutbox(opened);
  }
};

/** Makes the parts of the daemon and hands them to each other. The measuring ones need no network. */
const openLoops = async (parts: GatewayParts, opened: OpenedOutbox): Promise<Loop[]> => {
  const { config, version, directory, runtimeDirectory, clock, log } = parts;
  const { outbox, store } = opened;
  const startedAtMs = clock.monotonicMs();
  const intervalMs = config.reporting.intervalSeconds * 1000;

  const timeKeeper = await openTimeKeeper(parts, outbox);
  const progress = new Progress({ clock, intervalMs });
  const days = new LocalDays(config.station.timezone);
  const history = await openStationHistory(parts, { store, timeKeeper, days });
  const instruments = await openInstruments(parts, outbox);
  const preAlerts = await openPreAlerts(parts, { outbox, history, instruments });
  const metrics: Metrics = createMetrics(() => status());
  const runs = await beginRun({ outbox, bootId: parts.bootId, log });
  const machine = openMachineWatch(parts);
  const remote = openRemote(parts, () => uplink.isBehind());
  const uplink = openUplink(parts, { outbox, timeKeeper, metrics, progress, remote, status: () => status() });
  const recorder = new Recorder({
    deviceid: config.station.id,
    quality: createQualityControl({ limits: config.quality, intervalMs }),
    outbox,
    history,
    progress,
    clock,
    timeKeeper,
    log,
    preAlerts,
    uplink,
    metrics,
  });
  const interimQuality = createQualityControl({ limits: config.quality, intervalMs: INTERIM_MS });
  const sampler = new Sampler({
    instruments,
    clock,
    timeKeeper,
    progress,
    intervalMs,
    recorder,
    takeInterim: (raw) => preAlerts.decideInterim(interimQuality.check(raw)),
  });

  const writtenBytes = (): number => processWrittenBytes(() => store.writtenBytes());
  const poller = openStatusPoller(parts, { outbox, timeKeeper, writtenBytes });
  const status = (): GatewayStatus =>
    gatewayStatus({
      config,
      version,
      startedAtMs,
      clock,
      days,
      history,
      outbox,
      writtenBytes,
      storeReport: describeStoreReport(opened.report),
      instruments,
      recorder,
      uplink,
      remote,
      timeKeeper,
      preAlertRunner: preAlerts,
      progress,
      machine,
      runs,
      poller,
    });
  return [
    (signal) => timeKeeper.run(signal),
    // Before the first reading of this run.
    (signal) => history.restoreRain(signal),
    (signal) => sampler.run(signal),
    ...cloudLoops(parts, uplink, remote),
    (signal) => poller.run(signal),
    (signal) => machine.run(signal),
    serveStatusSocket({ directory, runtimeDirectory, status, clock, log }),
    serveDashboard({
      config: config.http,
      clock,
      log,
      pageFiles: parts.pageFiles,
      status,
      health: () => progress.health(),
      history,
      metrics,
    }),
    supervising(parts, progress, status),
  ];
};

const openTimeKeeper = async (
  { bootId, clock, log, synchronization }: GatewayParts,
  outbox: Outbox,
): Promise<TimeKeeper> => {
  const timeKeeper = new TimeKeeper({ bootId, clock, log, outbox, synchronization });
  await timeKeeper.open();
  return timeKeeper;
};

type HistorySources = {
  readonly store: OpenedOutbox['store'];
  readonly timeKeeper: TimeKeeper;
  readonly days: LocalDays;
};

const openStationHistory = (
  { config, clock, log }: GatewayParts,
  { store, timeKeeper, days }: HistorySources,
): Promise<History> =>
  openHistory({
    store,
    stampOf: (at) => timeKeeper.stampOf(at),
    wallMs: () => clock.wallMs(),
    intervalMs: config.reporting.intervalSeconds * 1000,
    log,
    days,
  });

const openInstruments = (
  { instruments, buses, clock, log }: GatewayParts,
  outbox: Outbox,
): Promise<StationInstruments> => StationInstruments.open({ instruments, buses, clock, log, outbox });

type UplinkSources = {
  readonly outbox: Outbox;
  readonly timeKeeper: TimeKeeper;
  readonly metrics: Metrics;
  readonly progress: Progress;
  readonly remote: Pick<Remote, 'noteDelivered'>;
  readonly status: () => GatewayStatus;
};

const openUplink = (
  { config, version, directory, release, bootId, publisher, selfHelp, clock, log }: GatewayParts,
  { outbox, timeKeeper, metrics, progress, remote, status }: UplinkSources,
): Uplink => {
  const working = new WorkingRelease({ directory, release, version, bootId, log });
  return new Uplink({
    deviceid: config.station.id,
    topicPrefix: config.aws.topicPrefix,
    sendSeconds: config.reporting.sendSeconds,
    version,
    outbox,
    publisher,
    timeKeeper,
    clock,
    log,
    healthReport: () => healthReport(status(), timeKeeper.stampOf(timeKeeper.now())),
    onAcknowledged: ({ lane, pubackMs }) => {
      selfHelp?.noteAcknowledged();
      metrics.observePuback(pubackMs / 1000);
      if (lane !== 'reading' || !progress.hasMeasured()) return;
      void working.prove();
      remote.noteDelivered();
    },
  });
};

type PreAlertSources = {
  readonly outbox: Outbox;
  readonly history: History;
  readonly instruments: StationInstruments;
};

const openPreAlerts = async (
  { config, buses, log }: GatewayParts,
  { outbox, history, instruments }: PreAlertSources,
): Promise<PreAlertRunner> => {
  const intervalMs = config.reporting.intervalSeconds * 1000;
  const preAlerts = createPreAlerts({
    rules: config.preAlerts,
    intervalMs,
    interim: needsInterims(intervalMs)
      ? { everyMs: INTERIM_MS, quantities: instruments.interimQuantities() }
      : undefined,
    elevationMetres: config.station.elevationMetres,
    calmKmh: config.quality.wind.calmKmh,
    restored: await savedPreAlerts(outbox),
    recent: await history.recent(RECENT_SPAN_MS),
  });
  if (preAlerts.hasForgotten) log.warn({}, 'what the pre-alerts remembered cannot be read and is forgotten');
  const outputs = openPreAlertOutputs({ rules: config.preAlerts, buses, log });
  return new PreAlertRunner({ preAlerts, outputs, outbox, log });
};

type PolledSources = {
  readonly outbox: Outbox;
  readonly timeKeeper: TimeKeeper;
  readonly writtenBytes: () => number;
};

const openStatusPoller = (
  parts: GatewayParts,
  { outbox, timeKeeper, writtenBytes }: PolledSources,
): StatusPoller =>
  new StatusPoller({
    credentials: parts.credentials,
    writeBudget: openWriteBudget(parts, writtenBytes),
    clock: parts.clock,
    outbox,
    timeOf,
    timeKeeper,
  });

const openWriteBudget = ({ config, clock, log }: GatewayParts, writtenBytes: () => number): WriteBudget => {
  const { dailyWriteWarningMegabytes, dailyWriteMegabytes } = config.outbox;
  return new WriteBudget({
    budgetMegabytes: dailyWriteWarningMegabytes ?? dailyWriteMegabytes ?? Number.POSITIVE_INFINITY,
    log,
    writtenBytes,
    clock,
  });
};

const openMachineWatch = ({ buses, directory, clock }: GatewayParts): MachineWatch =>
  new MachineWatch({
    sysfs: buses.sysfs,
    procfs: buses.procfs,
    directory,
    clock,
    datetime: () => formatDatetime(clock.wallMs()),
  });

/** All that needs a connection. */
const cloudLoops = (
  { publisher, renewal }: GatewayParts,
  uplink: Uplink,
  remote: Pick<Remote, 'loops'>,
): Loop[] => [publishing(publisher, uplink), ...remote.loops, ...(renewal === undefined ? [] : [renewal])];

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

const supervising =
  ({ manager, clock, log }: GatewayParts, progress: Progress, status: () => GatewayStatus): Loop =>
  (signal) =>
    superviseByProgress(
      {
        manager,
        clock,
        log,
        isReady: () => progress.hasSampled(),
        isAlive: () => progress.isAlive(),
        statusLine: () => statusLine(status()),
      },
      signal,
    );
