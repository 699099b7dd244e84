import { openSecrets } from '../config/credential-files.ts';
import { loadConfig } from '../config/load.ts';
import { BAD_CONFIGURATION, formatProblem } from '../config/problem.ts';
import type { Command } from './command.ts';

/** Prints every problem of the configuration, missing and open key and certificates included. */
export const command: Command = async (args, { environment, out }) => {
  const file = args.config ?? environment.configPath;
  const { credentialsDirectory } = environment;
  const { config, problems } = await loadConfig(file, { credentialsDirectory, areCredentialsExpected: true });
  if (config === undefined) {
    out.write(`${problems.map(formatProblem).join('\n')}\n`);
    return BAD_CONFIGURATION;
  }
  const open = await openSecrets(config, file);
  const lines = open.map(
    (each) =>
      `${each}: found a secret that every user can read; allowed: a file closed to others (chmod o= ${each})`,
  );
  out.write(open.length === 0 ? `${file}: no problems\n` : `${lines.join('\n')}\n`);
  return open.length === 0 ? 0 : BAD_CONFIGURATION;
};
