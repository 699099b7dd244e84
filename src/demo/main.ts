import process from 'node:process';
import { emitKeypressEvents } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '../time/clock.ts';
import { runDemo } from './demo.ts';

const USAGE = `Usage: npm run demo -- [options]

  --interval SECONDS    between two readings (2)
  --seconds SECONDS     end by itself
  --cut-after SECONDS   take the network away by itself ...
  --cut-for SECONDS     ... and bring it back (20)

Keys: n takes the network away and brings it back, q ends.
`;

const { values } = parseArgs({
  options: {
    interval: { type: 'string', default: '2' },
    seconds: { type: 'string' },
    'cut-after': { type: 'string' },
    'cut-for': { type: 'string', default: '20' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const seconds = (option: 'interval' | 'seconds' | 'cut-after' | 'cut-for'): number | undefined => {
  const text = values[option];
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  process.stderr.write(`--${option} takes a number of seconds above 0\n\n${USAGE}`);
  process.exit(1);
};

if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
const forSeconds = seconds('seconds');
if (forSeconds !== undefined) setTimeout(() => stop.abort(), forSeconds * 1_000).unref();

const watchKeys = (toggle: () => void): void => {
  if (!process.stdin.isTTY) return;
  emitKeypressEvents(process.stdin);
  process.stdin.setRawMode(true);
  process.stdin.on('keypress', (_text, key: { readonly name?: string; readonly ctrl?: boolean }) => {
    if (key.name === 'n') toggle();
    else if (key.name === 'q' || (key.ctrl === true && key.name === 'c')) stop.abort();
  });
  process.stdout.write('-------- n: the network goes and comes back    q: end\n');
};

const afterSeconds = seconds('cut-after');

process.exitCode = await runDemo(
  {
    intervalSeconds: seconds('interval') ?? 2,
    absence: afterSeconds === undefined ? undefined : { afterSeconds, forSeconds: seconds('cut-for') ?? 20 },
  },
  {
    gatewayCommand: [process.execPath, fileURLToPath(new URL('../main.js', import.meta.url))],
    clock: systemClock,
    write: (line) => {
      process.stdout.write(`${line}\n`);
    },
    onToggle: watchKeys,
  },
  stop.signal,
);
process.stdin.pause();
