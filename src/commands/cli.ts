import { parseArgs } from 'node:util';
import { errorCode, formatError, printable } from '../weather/format.ts';
import { type CommandArguments, type CommandContext, type CommandModule, refuse } from './command.ts';

const USAGE = `Usage: weather-gateway COMMAND [options]

  setup    [--config FILE] [--simulate [--scenario FILE] [--seed N]]   a guided first configuration, in a terminal
  run      [--config FILE] [--simulate [--scenario FILE] [--seed N]]   the daemon, in the foreground
  check    [--config FILE]                                             print every problem of the configuration
  doctor   [--config FILE] [--json]                                    test buses, sensors, certificate, disk and cloud
  status   [--config FILE] [--json]                                    what the running daemon knows of itself
  outbox   stats|peek|verify [--config FILE] [--json]                  the store, while the daemon is stopped
  diagnostics FILE [--config FILE]                                     all of it for somebody far away, without secrets
  calibrate vane [--config FILE] [--simulate [--scenario FILE]]        turn the vane once round: proposes its table
  enroll   [--config FILE] [--force | --claim]                         make the private key and a signing request
  update   FILE                                                        install a signed release, with a way back
  replay   FILE... [--map FILE] [--config FILE] [--json]               try quality control and rules on recorded weather

Default configuration: $WEATHER_GATEWAY_CONFIG, or /etc/weather-gateway/gateway.yaml
`;

const options = {
  config: { type: 'string' },
  simulate: { type: 'boolean' },
  scenario: { type: 'string' },
  seed: { type: 'string' },
  map: { type: 'string' },
  json: { type: 'boolean' },
  force: { type: 'boolean' },
  claim: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

export type Commands = Readonly<Record<string, () => Promise<CommandModule>>>;

type OptionName = keyof typeof options;

/** What a command takes; anything else is a mistake that is better told than passed over. */
const accepted: Readonly<
  Record<string, { readonly options: readonly OptionName[]; readonly operands: number }>
> = {
  setup: { options: ['config', 'simulate', 'scenario', 'seed'], operands: 0 },
  run: { options: ['config', 'simulate', 'scenario', 'seed'], operands: 0 },
  check: { options: ['config'], operands: 0 },
  doctor: { options: ['config', 'json'], operands: 0 },
  status: { options: ['config', 'json'], operands: 0 },
  outbox: { options: ['config', 'json'], operands: 1 },
  diagnostics: { options: ['config'], operands: 1 },
  calibrate: { options: ['config', 'simulate', 'scenario', 'seed'], operands: 1 },
  enroll: { options: ['config', 'force', 'claim'], operands: 0 },
  update: { options: [], operands: 1 },
  replay: { options: ['config', 'json', 'map'], operands: Number.POSITIVE_INFINITY },
};

const parse = (args: string[]) => {
  try {
    return { parsed: parseArgs({ args, options, allowPositionals: true }) };
  } catch (error) {
    return { refusal: formatError(error) };
  }
};

/** Why a command does not take these arguments, or `null`. */
const misuse = (name: string, { operands, ...given }: CommandArguments): string | null => {
  const takes = accepted[name];
  if (takes === undefined) return null;
  const foreign = Object.keys(given).find((option) => !takes.options.some((each) => each === option));
  if (foreign !== undefined) return `${name} takes no --${foreign}`;
  const surplus = operands[takes.operands];
  if (surplus !== undefined) return `${name} does not take ${JSON.stringify(surplus)}`;
  if (given.simulate !== true && (given.scenario !== undefined || given.seed !== undefined))
    return `${name} takes --scenario and --seed only with --simulate`;
  if (given.claim === true && given.force === true) return `${name} takes --claim or --force, not both`;
  return null;
};

/** An error of the operating system or of the store, which needs no stack trace; `null` for a bug. */
const troubleOf = (error: unknown): string | null => {
  const code = errorCode(error);
  return error instanceof Error && /^(?:E[A-Z0-9]+|LEVEL_[A-Z_]+)$/.test(code) ? error.message : null;
};

/** Runs one command line and resolves with its exit status. */
export const runCommandLine = async (
  args: string[],
  commands: Commands,
  context: CommandContext,
): Promise<number> => {
  const misused = (message: string): number => {
    context.err.write(`weather-gateway: ${printable(message)}\n\n${USAGE}`);
    return 1;
  };
  const { parsed, refusal } = parse(args);
  if (!parsed) return misused(refusal);
  const { help, version, ...values }: CommandArguments & { help?: boolean; version?: boolean } = {
    operands: parsed.positionals.slice(1),
    ...parsed.values,
  };
  if (help === true || version === true) {
    context.out.write(help === true ? USAGE : `${context.version}\n`);
    return 0;
  }
  const name = parsed.positionals[0];
  if (name === undefined) return misused('no command given');
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) return misused(`unknown command ${name}`);
  const mistake = misuse(name, values);
  if (mistake !== null) return misused(mistake);
  const { command } = await load();
  try {
    return await command(values, context);
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === null) throw error;
    return refuse(context, trouble);
  }
};

/** Why this machine cannot run the gateway at all, or `null`. */
export const unsupportedMachine = (arch: string): string | null =>
  arch === 'arm' || arch === 'ia32'
    ? 'weather-gateway: this is a 32-bit system, for which the AWS IoT SDK has no build; ' +
      'install 64-bit Raspberry Pi OS (runs on Zero 2 W, 3, 4 and 5)\n'
    : null;
