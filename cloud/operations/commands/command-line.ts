import process from 'node:process';
import { createInterface } from 'node:readline/promises';

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

/** Runs a command; what goes wrong is one line for a person and exit status 1. */
export const runCommand = async (work: () => Promise<number>): Promise<void> => {
  try {
    process.exitCode = await work();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
};
