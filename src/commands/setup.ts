import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openStationBuses } from '../buses/machine-buses.ts';
import { openLinuxSysfs } from '../buses/station-buses.ts';
import { loadConfig } from '../config/load.ts';
import { type GatewayConfig, sensorsSchema } from '../config/schema.ts';
import { formatProblem } from '../config/text-file.ts';
import { runningDaemon } from '../doctor/cloud-checks.ts';
import { configuredInstruments } from '../instruments/catalogue.ts';
import { createLog } from '../log.ts';
import {
  type Base,
  keepOld,
  problemsOf,
  readBase,
  withAnswers,
  writeHindrance,
  writeWhole,
} from '../setup/configuration-file.ts';
import { Dialogue, Interrupted, openTerminal } from '../setup/dialogue.ts';
import { interview } from '../setup/interview.ts';
import { describeFound, type Found, scan, scanWithoutBus } from '../setup/scan.ts';
import type { Part, TryOut } from '../setup/try-out.ts';
import { accelerated } from '../simulation/scenario-clocks.ts';
import { loadScenario, openHandMovedStation } from '../simulation/simulated-station.ts';
import { systemClock } from '../time/clock.ts';
import { errorCode, formatError, printable } from '../weather/format.ts';
import { type Command, type CommandArguments, type CommandContext, refuse } from './command.ts';

/** The configuration that comes with the program, with its comments. */
const SAMPLE = fileURLToPath(new URL('../../config/gateway.yaml', import.meta.url));
const DEFAULT_STATE_DIRECTORY = '/var/lib/weather-gateway';
/** Nobody watches a simulated hand for a minute. */
const SIMULATED_SPEED = 10;

/** What a simulated scan finds. */
const SIMULATED_KIT: Readonly<Record<string, Part>> = {
  bme280: {},
  windVane: { supplyChannel: 1 },
  anemometer: { gpio: 5 },
  rainGauge: { gpio: 6 },
  kernel: { soil: { subsystem: 'w1', device: '28-0316a2798fff', quantity: 'soiltemperature' } },
};

/** A guided first configuration: finds what is wired, asks for the rest, and writes the file. */
export const command: Command = async (args, context) => {
  const file = args.config ?? context.environment.configPath;
  const scenario = args.simulate === true ? await loadScenario(args) : null;
  if (scenario?.problems !== undefined)
    return refuse(context, scenario.problems.map(formatProblem).join('\n'));
  const isInteractive = isTerminal(context.input) && isTerminal(context.out);
  const { config } = await loadConfig(file);
  const isDaemonRunning = args.simulate !== true && (await isRunning(config, context));
  if (isDaemonRunning && isInteractive)
    return refuse(context, 'the daemon reads the instruments: sudo systemctl stop weather-gateway first');
  const hindrance = isInteractive ? await writeHindrance(file) : null;
  if (hindrance !== null) return refuse(context, hindrance);

  context.out.write(args.simulate === true ? 'Simulated buses. Found:\n' : 'Found:\n');
  const { found, tryOut } = await look(isDaemonRunning ? null : tryOutOf(args, config));
  context.out.write(`${printable(describeFound(found))}\n\n`);
  if (!isInteractive) {
    context.out.write('Run weather-gateway setup in a terminal to write a configuration.\n');
    return 0;
  }
  return await talk(file, found, tryOut, context);
};

const isTerminal = (stream: object): boolean => 'isTTY' in stream && stream.isTTY === true;

const talk = async (
  file: string,
  found: Found,
  tryOut: TryOut | null,
  context: CommandContext,
): Promise<number> => {
  const terminal = openTerminal(context.input, context.out, context.signal);
  try {
    return await configure(file, new Dialogue(terminal), found, tryOut);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    context.out.write('\nNothing was written.\n');
    return 1;
  } finally {
    terminal.close();
  }
};

const isRunning = async (
  config: GatewayConfig | undefined,
  { environment, signal }: CommandContext,
): Promise<boolean> => {
  const directory = environment.stateDirectory ?? config?.outbox.directory ?? DEFAULT_STATE_DIRECTORY;
  return (await runningDaemon(directory, signal)).kind === 'running';
};

const tryOutOf = (args: CommandArguments, config: GatewayConfig | undefined): TryOut =>
  args.simulate === true
    ? {
        openBuses: async (sensors) => {
          const { scenario } = await loadScenario(args);
          return await openHandMovedStation({
            clock: accelerated(systemClock, scenario?.speed ?? SIMULATED_SPEED),
            instruments: configuredInstruments(sensorsSchema.parse({ ...SIMULATED_KIT, ...sensors })),
            ...(scenario === undefined ? {} : { scenario }),
          });
        },
      }
    : {
        openBuses: async () => ({
          buses: await openStationBuses({
            sensors: config?.sensors ?? sensorsSchema.parse({}),
            clock: systemClock,
            log: createLog('silent'),
          }),
          clock: systemClock,
          onLook: () => undefined,
        }),
      };

type Look = { readonly found: Found; readonly tryOut: TryOut | null };

/** What answers; where the I2C bus cannot be used, what the kernel shows. */
const look = async (tryOut: TryOut | null): Promise<Look> => {
  const withoutBus = async (reason: string): Promise<Look> => ({
    found: await scanWithoutBus(openLinuxSysfs(), reason),
    tryOut: null,
  });
  if (tryOut === null) return await withoutBus('the daemon is running: the I2C bus was left alone');
  try {
    const { buses, clock } = await tryOut.openBuses({});
    try {
      return { found: await scan({ ...buses, clock }), tryOut };
    } finally {
      await buses.close();
    }
  } catch (error) {
    // The package for the bus is missing, or was not built.
    if (!(error instanceof Error)) throw error;
    return await withoutBus(error.message);
  }
};

const configure = async (
  file: string,
  dialogue: Dialogue,
  found: Found,
  tryOut: TryOut | null,
): Promise<number> => {
  const base = await readBase(file, SAMPLE);
  if (base.problems !== null && base.problems.length > 0) {
    for (const problem of base.problems) dialogue.say(formatProblem(problem));
    dialogue.say(`${file} is no good configuration: the questions begin with what the program ships.\n`);
  }
  const answers = await interview({ dialogue, found, present: base.present, tryOut });
  await write(file, withAnswers(base, answers), dialogue, base);
  return 0;
};

const write = async (file: string, text: string, dialogue: Dialogue, base: Base): Promise<void> => {
  if (base.problems !== null && text === base.text) {
    dialogue.say(`\n${file} says all of that already.`);
    return;
  }
  const problems = problemsOf(file, text);
  let target = file;
  if (problems.length > 0) {
    // A rule's output on the line of an instrument, say: the file in place stays in use.
    for (const problem of problems) dialogue.say(formatProblem(problem));
    if (!(await dialogue.confirm(`\nThese need your hand. Write ${file}.new all the same?`, true)))
      throw new Interrupted();
    target = `${file}.new`;
  } else if (existsSync(file)) {
    const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const isReplacing = await dialogue.confirm(
      `\nReplace ${file}? The old one stays as ${file}.${stamp}; "no" writes ${file}.new beside it`,
      true,
    );
    if (isReplacing) await untilWritten(() => keepOld(file, stamp), text, dialogue);
    else target = `${file}.new`;
  } else if (!(await dialogue.confirm(`\nWrite ${file}?`, true))) throw new Interrupted();
  await untilWritten(() => writeWhole(target, text), text, dialogue);
  dialogue.say(`\nWritten: ${target}`);
  dialogue.say('Next: sudo weather-gateway enroll (once), sudo weather-gateway check,');
  dialogue.say('      sudo systemctl restart weather-gateway, sudo weather-gateway doctor');
};

/** A full disk, or one that is read-only by now, takes nobody's answers away. */
const untilWritten = async (
  work: () => Promise<unknown>,
  text: string,
  dialogue: Dialogue,
): Promise<void> => {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (errorCode(error) === '') throw error;
      dialogue.say(printable(`\nIt cannot be written: ${formatError(error)}`));
    }
    const isAgain = await dialogue.confirm('Try again? "no" prints it here', true).catch(() => false);
    if (isAgain) continue;
    dialogue.say(`\n${text}`);
    throw new Interrupted();
  }
};
