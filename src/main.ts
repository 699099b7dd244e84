#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { CommandContext, CommandModule } from './commands/command.ts';

const USAGE = `Usage: weather-gateway COMMAND [options]

  run      [--config FILE] [--simulate [--scenario FILE] [--seed N]]   the daemon, in the foreground
  check    [--config FILE]                                             print every problem of the configuration
  doctor   [--config FILE] [--json]                                    test buses, sensors, certificate, disk and cloud
  status   [--config FILE] [--json]                                    what the running daemon knows of itself
  outbox   stats|peek|verify [--config FILE] [--json]                  the store, while the daemon is stopped
  enroll   [--config FILE] [--force]                                   make the private key and a signing request
  replay   FILE [--config FILE] [--json]                               try the pre-alert rules on recorded readings

Default configuration: $WEATHER_GATEWAY_CONFIG, or /etc/weather-gateway/gateway.yaml
`;

const commands: Readonly<Record<string, () => Promise<CommandModule>>> = {};

const options = {
  config: { type: 'string' },
  simulate: { type: 'boolean' },
  scenario: { type: 'string' },
  seed: { type: 'string' },
  json: { type: 'boolean' },
  force: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

const packageVersion = (): string => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return version;
};

const createContext = (signal: AbortSignal): CommandContext => ({
  environment: {
    configPath: process.env['WEATHER_GATEWAY_CONFIG'] ?? '/etc/weather-gateway/gateway.yaml',
    stateDirectory: process.env['STATE_DIRECTORY'],
    credentialsDirectory: process.env['CREDENTIALS_DIRECTORY'],
    notifySocket: process.env['NOTIFY_SOCKET'],
    watchdogUsec: process.env['WATCHDOG_USEC'],
  },
  version: packageVersion(),
  out: process.stdout,
  err: process.stderr,
  signal,
});

/** The first signal asks for an orderly end, the second one does not wait for it. */
const abortOnSignals = (): AbortSignal => {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(1);
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  return stop.signal;
};

const refuse = (message: string): number => {
  process.stderr.write(`weather-gateway: ${message}\n\n${USAGE}`);
  return 1;
};

const main = async (args: string[]): Promise<number> => {
  if (process.arch === 'arm' || process.arch === 'ia32') {
    return refuse(
      'this is a 32-bit system, for which the AWS IoT SDK has no build; install 64-bit Raspberry Pi OS (Zero 2 W, 3, 4, 5)',
    );
  }
  const parsed = (() => {
    try {
      return parseArgs({ args, options, allowPositionals: true });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  })();
  if (typeof parsed === 'string') return refuse(parsed);
  const [name, ...operands] = parsed.positionals;
  if (parsed.values.version) {
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  if (parsed.values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const load = name === undefined ? undefined : commands[name];
  if (!load) return refuse(name === undefined ? 'no command given' : `unknown command ${name}`);
  const { command } = await load();
  return await command({ operands, ...parsed.values }, createContext(abortOnSignals()));
};

process.exitCode = await main(process.argv.slice(2));
