import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { errorCode, formatError } from '../../../src/weather/format.ts';
import type { Target } from '../jobs.ts';

export const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Asks a person; `undefined` without a terminal, where nobody would answer. */
export const openQuestions = (): ((question: string) => Promise<string>) | undefined =>
  process.stdin.isTTY
    ? async (question) => {
        const terminal = createInterface({ input: process.stdin, output: process.stdout });
        const answer = await terminal.question(question);
        terminal.close();
        return answer;
      }
    : undefined;

/** What a file holds that was named; what is wrong with it is one line that names it. */
export const readNamed = <T>(file: string, what: string, parse: (text: string) => T): T => {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    const code = errorCode(error);
    throw new Error(`${file} cannot be read${code === '' ? '' : ` (${code})`}: ${what} is expected`);
  }
  // Spreadsheets write Zürich in the encoding of their system unless told otherwise.
  if (!isUtf8(content)) throw new Error(`${file} is not ${what}: it is not UTF-8`);
  const text = content.toString();
  try {
    return parse(text);
  } catch {
    throw new Error(`${file} is not ${what}`);
  }
};

/** From `--station` or `--group`, one of the two. */
export const targetOf = (
  { station, group }: { readonly station?: string; readonly group?: string },
  usage: string,
): Target => {
  if (station !== undefined && group === undefined) return { kind: 'station', name: station };
  if (group !== undefined && station === undefined) return { kind: 'group', name: group };
  throw new Error(usage);
};

export const wholeNumber = (name: string, text: string, highest: number): number => {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= highest) return value;
  throw new Error(`--${name}: a whole number from 1 to ${highest}, not "${text}"`);
};

/** Ctrl-C aborts it. A terminal sends that to each process, and npm may pass it on: whoever comes second changes nothing. */
export const openStop = (): { readonly signal: AbortSignal; readonly close: () => void } => {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.on('SIGINT', stop);
  return { signal: stopping.signal, close: () => process.off('SIGINT', stop) };
};

/** What to do about an error that the SDK puts into too few words. */
const adviceOn = (error: unknown, reason: string): string => {
  if (reason === 'Region is missing') return ' (of AWS: set AWS_REGION, or run aws configure)';
  if (reason.startsWith('Could not load credentials'))
    return ' (of AWS: set AWS_PROFILE, run aws configure or aws sso login)';
  return reason.startsWith('Unknown') && error instanceof Error && '$response' in error
    ? ` (HTTP ${(error.$response as { statusCode?: number }).statusCode}, maybe not of AWS: is there a proxy?)`
    : '';
};

/** Runs a command, or says how it is used where that is asked; what goes wrong is one line for a person and exit status 1. */
export const runCommand = async (usage: string, work: () => Promise<number>): Promise<void> => {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    say(usage);
    return;
  }
  try {
    process.exitCode = await work();
  } catch (error) {
    const reason = formatError(error);
    process.stderr.write(`${reason}${adviceOn(error, reason)}\n`);
    process.exitCode = 1;
  }
};
