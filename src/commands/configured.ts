import { loadConfig } from '../config/load.ts';
import { BAD_CONFIGURATION, formatProblem } from '../config/problem.ts';
import type { GatewayConfig } from '../config/schema.ts';
import type { Command, CommandArguments, CommandContext } from './command.ts';

type ConfiguredCommand = (
  config: GatewayConfig,
  args: CommandArguments,
  context: CommandContext,
) => Promise<number>;

/** A command that needs a good configuration: with a bad one it prints every problem and ends with 78. */
export const configured =
  (run: ConfiguredCommand): Command =>
  async (args, context) => {
    const { config, problems } = await loadConfig(args.config ?? context.environment.configPath, {
      credentialsDirectory: context.environment.credentialsDirectory,
    });
    if (config !== undefined) return await run(config, args, context);
    context.err.write(`${problems.map(formatProblem).join('\n')}\n`);
    return BAD_CONFIGURATION;
  };

/** Where the daemon of this configuration keeps its state. */
export const stateDirectoryOf = (config: GatewayConfig, { environment }: CommandContext): string =>
  environment.stateDirectory ?? config.outbox.directory;
