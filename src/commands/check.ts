import { loadConfig } from '../config/load.ts';
import { BAD_CONFIGURATION, formatProblem } from '../config/problem.ts';
import type { Command } from './command.ts';

/** Prints every problem of the configuration, missing key and certificates included. */
export const command: Command = async (args, { environment, out }) => {
  const file = args.config ?? environment.configPath;
  const { credentialsDirectory } = environment;
  const { problems } = await loadConfig(file, { credentialsDirectory, areCredentialsExpected: true });
  out.write(
    problems === undefined ? `${file}: no problems\n` : `${problems.map(formatProblem).join('\n')}\n`,
  );
  return problems === undefined ? 0 : BAD_CONFIGURATION;
};
