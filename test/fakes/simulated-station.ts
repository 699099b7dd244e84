import { type SensorsConfig, sensorsSchema } from '../../src/config/schema.ts';
import type { Edge } from '../../src/gpio/lines.ts';
import { configuredInstruments } from '../../src/instruments/catalogue.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import { openSimulatedStation, type SimulatedStation } from '../../src/simulation/simulated-station.ts';
import { createManualClock, type ManualClock } from './clock.ts';

/** The usual kit, with the vane's supply measured. */
export const usualSensors: SensorsConfig = sensorsSchema.parse({
  bme280: {},
  windVane: { supplyChannel: 1 },
  anemometer: { gpio: 5 },
  rainGauge: { gpio: 6 },
});

/** The usual kit's instruments. */
export const usualInstruments = configuredInstruments(usualSensors);

export type FastStation = SimulatedStation & {
  /** The clock that drives everything; the station's own clock adds the scenario's steps to it. */
  readonly manualClock: ManualClock;
  /** Lets this much time pass as fast as the machine can. */
  pass(seconds: number): Promise<void>;
};

export type FastStationOptions = {
  readonly scenario?: Scenario;
  readonly sensors?: SensorsConfig;
  readonly clock?: ManualClock;
};

/** A simulated station whose time passes only when told to: days of weather in seconds. */
export const openFastStation = async (options: FastStationOptions = {}): Promise<FastStation> => {
  const { scenario, sensors = usualSensors, clock: manualClock = createManualClock() } = options;
  const station = await openSimulatedStation({
    clock: manualClock,
    instruments: configuredInstruments(sensors),
    ...(scenario === undefined ? {} : { scenario }),
  });
  return { ...station, manualClock, pass: (seconds) => manualClock.advance(seconds * 1000) };
};

/** Watches both lines of the usual kit and keeps every edge. */
export const recordEdges = async (station: FastStation): Promise<Edge[]> => {
  const edges: Edge[] = [];
  await station.buses.edgeSource.watch(
    [5, 6],
    (edge) => edges.push(edge),
    () => undefined,
  );
  return edges;
};
