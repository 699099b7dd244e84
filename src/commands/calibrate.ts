import type { z } from 'zod';
import { openStationBuses } from '../buses/machine-buses.ts';
import type { StationBuses } from '../buses/station-buses.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { formatProblem } from '../config/text-file.ts';
import { runningDaemon } from '../doctor/cloud-checks.ts';
import { SensorError } from '../instruments/instrument-health.ts';
import { watchTurn } from '../instruments/wind-vane/calibration.ts';
import { Vane } from '../instruments/wind-vane/vane.ts';
import { adcOf, windVane } from '../instruments/wind-vane/wind-vane.ts';
import { createLog } from '../log.ts';
import { accelerated } from '../simulation/scenario-clocks.ts';
import { loadScenario, openHandMovedStation } from '../simulation/simulated-station.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import { type CommandArguments, configured, refuse, stateDirectoryOf } from './command.ts';

/** Nobody watches a simulated hand for a minute. */
const SIMULATED_SPEED = 10;

type Machine = { readonly buses: StationBuses; readonly clock: Clock; readonly onLook: () => void };
type VaneConfig = z.output<typeof windVane.schema>;

/** Watches how an instrument answers while somebody moves it, and proposes its part of the configuration. */
export const command = configured(async (config, args, context) => {
  if (args.operands[0] !== 'vane') return refuse(context, 'calibrate needs the name of an instrument: vane');
  if (config.sensors.windVane == null)
    return refuse(context, 'there is no wind vane in the configuration (sensors.windVane)');
  const wiring = windVane.schema.parse(config.sensors.windVane);
  const isSimulated = args.simulate === true;
  const daemon = isSimulated ? null : await runningDaemon(stateDirectoryOf(config, context), context.signal);
  if (daemon?.kind === 'running')
    return refuse(context, 'the daemon reads the vane: sudo systemctl stop weather-gateway first');
  const scripted = isSimulated ? await loadScenario(args) : null;
  if (scripted?.problems !== undefined)
    return refuse(context, scripted.problems.map(formatProblem).join('\n'));
  const { buses, clock, onLook } = await (isSimulated ? simulate(wiring, args) : openMachine(config));
  try {
    const vane = new Vane(adcOf(wiring, { ...buses, clock }), wiring);
    const write = (text: string): void => {
      context.out.write(text);
    };
    await watchTurn({ vane, wiring, clock, onLook, write, signal: context.signal });
    return 0;
  } catch (error) {
    if (error instanceof SensorError) return refuse(context, error.message);
    throw error;
  } finally {
    await buses.close();
  }
});

const openMachine = async ({ sensors }: GatewayConfig): Promise<Machine> => ({
  buses: await openStationBuses({ sensors, clock: systemClock, log: createLog('silent') }),
  clock: systemClock,
  onLook: () => undefined,
});

const simulate = async (config: VaneConfig, args: CommandArguments): Promise<Machine> => {
  const { scenario } = await loadScenario(args);
  return await openHandMovedStation({
    clock: accelerated(systemClock, scenario?.speed ?? SIMULATED_SPEED),
    instruments: [{ instrument: windVane, config }],
    ...(scenario === undefined ? {} : { scenario }),
  });
};
