#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { type Commands, runCommandLine, unsupportedMachine } from './commands/cli.ts';
import type { CommandContext } from './commands/command.ts';
import { updatePlaces } from './remote/update-files.ts';

/**
 * A replay keeps little of what it makes: V8 would let its heap grow to several times that before it looks. What the heap
 * has grown to while modules are loaded it keeps, so they are loaded after it.
 */
const keepHeapSmall = (): void => {
  for (const flag of ['--semi-space-growth-factor=1', '--heap-growing-percent=25']) setFlagsFromString(flag);
};

const ENDING_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** For a command that has nothing to close: the system ends it, even while it waits to open a pipe that nobody writes to. */
const endAtFirstSignal = (): void => {
  for (const name of ENDING_SIGNALS) process.removeAllListeners(name);
};

// Loaded one by one: `check` on a laptop must not need what only the daemon needs.
const commands: Commands = {
  check: () => import('./commands/check.ts'),
  doctor: () => import('./commands/doctor.ts'),
  diagnostics: () => import('./commands/diagnostics.ts'),
  enroll: () => import('./commands/enroll.ts'),
  calibrate: () => import('./commands/calibrate.ts'),
  replay: () => {
    keepHeapSmall();
    endAtFirstSignal();
    return import('./commands/replay.ts');
  },
  status: () => import('./commands/status.ts'),
  setup: () => import('./commands/setup.ts'),
  outbox: () => import('./commands/outbox.ts'),
  run: () => {
    // V8's optimizing compiler takes 8 MB to make faster what waits for buses, the disk and the network.
    setFlagsFromString('--no-opt');
    return import('./commands/run.ts');
  },
  update: () => import('./commands/update.ts'),
};

const packageVersion = (): string => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return version;
};

/** The first signal asks for an orderly end, the second one does not wait for it. */
const abortOnSignals = (): AbortSignal => {
  const stop = new AbortController();
  for (const name of ENDING_SIGNALS) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(1);
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  return stop.signal;
};

/** Who reads the output may have had enough, as `head` has; a disk may be full. Neither is a reason for a stack trace. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE')
    process.stderr.write(`weather-gateway: the output cannot be written: ${error.message}\n`);
  process.exit(1);
});
process.stderr.on('error', () => process.exit(1));

const context: CommandContext = {
  environment: {
    configPath: process.env['WEATHER_GATEWAY_CONFIG'] ?? '/etc/weather-gateway/gateway.yaml',
    stateDirectory: process.env['STATE_DIRECTORY'],
    runtimeDirectory: process.env['RUNTIME_DIRECTORY'],
    credentialsDirectory: process.env['CREDENTIALS_DIRECTORY'],
    proxy: {
      httpsProxy: process.env['HTTPS_PROXY'] ?? process.env['https_proxy'],
      noProxy: process.env['NO_PROXY'] ?? process.env['no_proxy'],
    },
    notifySocket: process.env['NOTIFY_SOCKET'],
    watchdogUsec: process.env['WATCHDOG_USEC'],
    release: fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, ''),
    updatePlaces,
  },
  version: packageVersion(),
  input: process.stdin,
  out: process.stdout,
  err: process.stderr,
  signal: abortOnSignals(),
};

const refusal = unsupportedMachine(process.arch);
if (refusal === null) {
  // Everything is closed by now, but the AWS SDK's native threads hold the process for as long as half a minute.
  const status = await runCommandLine(process.argv.slice(2), commands, context);
  // An error of the last write is told in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.exit(status);
} else {
  process.stderr.write(refusal);
  process.exitCode = 1;
}
