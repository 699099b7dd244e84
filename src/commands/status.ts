import { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import type { GatewayConfig } from '../config/schema.ts';
import type { Command } from './command.ts';
import { shownStatus } from './shown-status.ts';
import { type Paint, statusText } from './status-text.ts';

const ANSWER_MS = 5_000;

const styles = { good: 'green', warning: 'yellow', alert: 'red', heading: 'bold' } as const;

const inColour: Paint = (tone, text) => styleText(styles[tone], text);
const plain: Paint = (_tone, text) => text;

/** A daemon that listens on every address also listens on this machine's own. */
const urlOf = ({ listen, port }: GatewayConfig['http']): string => {
  const own = { '0.0.0.0': '127.0.0.1', '::': '::1' }[listen] ?? listen;
  return `http://${own.includes(':') ? `[${own}]` : own}:${port}/api/status`;
};

const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
};

type Answer = { readonly body: unknown } | { readonly failure: string };

const ask = async (http: GatewayConfig['http'], signal: AbortSignal): Promise<Answer> => {
  const url = urlOf(http);
  try {
    const response = await fetch(url, {
      headers: http.token === undefined ? {} : { authorization: `Bearer ${http.token}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    if (response.status === 401) return { failure: `${url} refuses the token of this configuration` };
    if (!response.ok) return { failure: `${url} answers ${response.status}` };
    return { body: await response.json() };
  } catch (error) {
    return { failure: `no daemon answers at ${url}: ${causeOf(error)}` };
  }
};

/** Asks the running daemon, and tells what it says. */
export const command: Command = async (args, { environment, out, err, signal }) => {
  const { config, problems } = await loadConfig(args.config ?? environment.configPath, {
    credentialsDirectory: environment.credentialsDirectory,
  });
  const fail = (message: string): number => {
    err.write(`${message}\n`);
    return 1;
  };
  if (config === undefined) return fail(problems.map(formatProblem).join('\n'));
  if (config.http.port === 0) return fail('weather-gateway: http.port is 0, so nobody knows where to ask');
  const answer = await ask(config.http, signal);
  if ('failure' in answer) return fail(`weather-gateway: ${answer.failure}`);
  if (args.json === true) {
    out.write(`${JSON.stringify(answer.body, null, 2)}\n`);
    return 0;
  }
  const status = shownStatus.safeParse(answer.body);
  if (!status.success)
    return fail('weather-gateway: the daemon is of another version; --json shows its answer');
  const hasColours = out instanceof WriteStream && out.hasColors();
  out.write(statusText(status.data, hasColours ? inColour : plain));
  return 0;
};
