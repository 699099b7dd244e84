import { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { askDaemon } from '../status/daemon-socket.ts';
import { printableJson, printableValue } from '../weather/printable.ts';
import { configured, stateDirectoryOf } from './configured.ts';
import { shownStatus } from './shown-status.ts';
import { type Paint, statusText } from './status-text.ts';

const styles = { good: 'green', warning: 'yellow', alert: 'red', heading: 'bold' } as const;

const inColour: Paint = (tone, text) => styleText(styles[tone], text);
const plain: Paint = (_tone, text) => text;

/** Asks the running daemon, and prints what it says. */
export const command = configured(async (config, args, context) => {
  const { out, err, signal } = context;
  const fail = (message: string): number => {
    err.write(`weather-gateway: ${message}\n`);
    return 1;
  };
  const directory = stateDirectoryOf(config, context);
  const answer = await askDaemon(directory, signal);
  if (answer.kind === 'not running') return fail(`no daemon runs on ${directory}`);
  if (answer.kind === 'unknown') return fail(answer.reason);
  if (args.json === true) {
    out.write(`${printableJson(answer.body, 2)}\n`);
    return 0;
  }
  const status = shownStatus.safeParse(printableValue(answer.body));
  if (!status.success) return fail('the daemon is of another version; --json shows its answer');
  const hasColours = out instanceof WriteStream && out.hasColors();
  out.write(statusText(status.data, hasColours ? inColour : plain));
  return 0;
});
