import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a script of this folder in a process of its own and resolves with the JSON it prints. */
export const runChild = async (
  script: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
): Promise<unknown> => {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await run(process.execPath, [...nodeOptions, '--import', 'tsx', path, ...args], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout);
};
