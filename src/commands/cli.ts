import { parseArgs } from 'node:util';
import type { CommandArguments, CommandContext, CommandModule } from './command.ts';

const USAGE = `Usage: weather-gateway COMMAND [options]

  run      [--config FILE] [--simulate [--scenario FILE] [--seed N]]   the daemon, in the foreground
  check    [--config FILE]                                             print every problem of the configuration
  doctor   [--config FILE] [--json]                                    test buses, sensors, certificate, disk and cloud
  status   [--config FILE] [--json]                                    what the running daemon knows of itself
  outbox   stats|peek|verify [--config FILE] [--json]                  the store, while the daemon is stopped
  enroll   [--config FILE] [--force]                                   make the private key and a signing request
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
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

export type Commands = Readonly<Record<string, () => Promise<CommandModule>>>;

const parse = (args: string[]) => {
  try {
    return { parsed: parseArgs({ args, options, allowPositionals: true }) };
  } catch (error) {
    return { refusal: error instanceof Error ? error.message : String(error) };
  }
};

/** Runs one command line and resolves with its exit status. */
export const runCommandLine = async (
  args: string[],
  commands: Commands,
  context: CommandContext,
): Promise<number> => {
  const refuse = (message: string): number => {
    context.err.write(`weather-gateway: ${message}\n\n${USAGE}`);
    return 1;
  };
  const { parsed, refusal } = parse(args);
  if (!parsed) return refuse(refusal);
  const { help, version, ...values }: CommandArguments & { help?: boolean; version?: boolean } = {
    operands: parsed.positionals.slice(1),
    ...parsed.values,
  };
  if (help === true || version === true) {
    context.out.write(help === true ? USAGE : `${context.version}\n`);
    return 0;
  }
  const name = parsed.positionals[0];
  if (name === undefined) return refuse('no command given');
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) return refuse(`unknown command ${name}`);
  const { command } = await load();
  return await command(values, context);
};

/** Why this machine cannot run the gateway at all, or `null`. */
export const unsupportedMachine = (arch: string): string | null =>
  arch === 'arm' || arch === 'ia32'
    ? 'weather-gateway: this is a 32-bit system, for which the AWS IoT SDK has no build; ' +
      'install 64-bit Raspberry Pi OS (runs on Zero 2 W, 3, 4 and 5)\n'
    : null;
