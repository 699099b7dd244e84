import type { StationBuses } from './buses/station-buses.ts';
import type { GatewayConfig } from './config/schema.ts';
import { type History, openHistory } from './history/history.ts';
import type { Metrics } from './http/metrics.ts';
import type { ConfiguredInstrument } from './instruments/instrument.ts';
import { StationInstruments } from './instruments/station-instruments.ts';
import type { Log } from './log.ts';
import { Progress } from './measuring/progress.ts';
import { Recorder } from './measuring/recorder.ts';
import { Sampler } from './measuring/sampler.ts';
import type { OpenedOutbox } from './outbox/open-outbox.ts';
import { PreAlertDesk, savedPreAlerts } from './pre-alerts/pre-alert-desk.ts';
import { createPreAlerts } from './pre-alerts/pre-alerts.ts';
import { openPreAlertOutputs } from './pre-alerts/pre-alerts-outputs.ts';
import { createQualityControl } from './quality/quality-control.ts';
import type { Clock } from './time/clock.ts';
import type { Loop } from './time/run-together.ts';
import type { Synchronization } from './time/synchronization.ts';
import { TimeKeeper } from './time/time-keeper.ts';
import type { Uplink } from './uplink/uplink.ts';
import { RECENT_SPAN_MS } from './weather/derived.ts';

export type StationParts = {
  readonly instruments: readonly ConfiguredInstrument[];
  readonly uplink: Pick<Uplink, 'notify'>;
  readonly metrics: Pick<Metrics, 'observeCommit'>;
  readonly config: GatewayConfig;
  readonly opened: OpenedOutbox;
  readonly bootId: string;
  readonly clock: Clock;
  readonly synchronization: Synchronization;
  readonly buses: StationBuses;
  readonly log: Log;
};

/** The measuring half of the daemon: it needs no network. */
export type Station = {
  readonly timeKeeper: TimeKeeper;
  readonly progress: Progress;
  readonly instruments: StationInstruments;
  readonly recorder: Recorder;
  readonly desk: PreAlertDesk;
  readonly history: History;
  readonly loops: readonly Loop[];
};

export const openStation = async (parts: StationParts): Promise<Station> => {
  const { config, clock, log, buses, opened } = parts;
  const { outbox, store } = opened;
  const intervalMs = config.reporting.intervalSeconds * 1000;
  const monotonicMs = (): number => clock.monotonicMs();

  const timeKeeper = new TimeKeeper({ ...parts, outbox });
  await timeKeeper.open();
  const progress = new Progress({ monotonicMs, intervalMs });
  const history = await openHistory({
    store,
    stampOf: (at) => timeKeeper.stampOf(at),
    wallMs: () => clock.wallMs(),
    intervalMs,
    log,
  });
  const desk = await openDesk(parts, history, intervalMs);
  const recorder = new Recorder({
    deviceid: config.station.id,
    quality: createQualityControl({ limits: config.quality, intervalMs }),
    outbox,
    history,
    progress,
    clock,
    timeKeeper,
    log,
    preAlerts: desk,
    uplink: parts.uplink,
    metrics: parts.metrics,
  });
  const instruments = await StationInstruments.open({
    instruments: parts.instruments,
    buses,
    clock,
    log,
    outbox,
  });
  const sampler = new Sampler({ instruments, clock, timeKeeper, progress, intervalMs, recorder });
  const loops: Loop[] = [(signal) => timeKeeper.run(signal), (signal) => sampler.run(signal)];
  return { timeKeeper, progress, instruments, recorder, desk, history, loops };
};

const openDesk = async (
  { config, opened, buses, log }: StationParts,
  history: History,
  intervalMs: number,
): Promise<PreAlertDesk> => {
  const preAlerts = createPreAlerts({
    rules: config.preAlerts,
    intervalMs,
    elevationMetres: config.station.elevationMetres,
    calmKmh: config.quality.wind.calmKmh,
    restored: await savedPreAlerts(opened.outbox),
    recent: await history.recent(RECENT_SPAN_MS),
  });
  if (preAlerts.hasForgotten) log.warn({}, 'what the pre-alerts remembered cannot be read and is forgotten');
  const outputs = openPreAlertOutputs({ rules: config.preAlerts, buses, log });
  return new PreAlertDesk({ preAlerts, outputs, outbox: opened.outbox, log });
};
