import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { CommandContext, Environment } from '../../src/commands/command.ts';

export type RecordingContext = CommandContext & {
  /** Ends both streams; what was written to them. */
  written(): Promise<{ out: string; err: string }>;
};

const bareEnvironment: Environment = {
  configPath: '/etc/weather-gateway/gateway.yaml',
  stateDirectory: undefined,
  runtimeDirectory: undefined,
  credentialsDirectory: undefined,
  proxy: {},
  notifySocket: undefined,
  watchdogUsec: undefined,
  release: '/opt/weather-gateway/1',
  updatePlaces: {
    drop: '/nowhere/drop',
    results: '/nowhere/results',
    allowedSigners: '/nowhere/allowed_signers',
  },
};

/** A process environment that touches nothing of the test's own. */
export const createRecordingContext = (
  environment: Partial<Environment> = {},
  signal: AbortSignal = new AbortController().signal,
): RecordingContext => {
  const out = new PassThrough();
  const err = new PassThrough();
  return {
    environment: { ...bareEnvironment, ...environment },
    version: '1.2.3',
    input: new PassThrough(),
    out,
    err,
    signal,
    written: async () => {
      out.end();
      err.end();
      return { out: await text(out), err: await text(err) };
    },
  };
};
