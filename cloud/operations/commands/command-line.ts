import process from 'node:process';

export const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Runs a command; what goes wrong is one line for a person and exit status 1. */
export const runCommand = async (work: () => Promise<number>): Promise<void> => {
  try {
    process.exitCode = await work();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
};
