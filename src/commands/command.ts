import { loadStationConfig } from '../config/overlays.ts';
import type { ProxyEnvironment } from '../config/proxy.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { BAD_CONFIGURATION, formatProblem } from '../config/text-file.ts';
import type { UpdatePlaces } from '../remote/update-files.ts';
import { printable } from '../weather/format.ts';

/** What main.ts found in the process environment; nobody else looks there. */
export type Environment = {
  /** $WEATHER_GATEWAY_CONFIG or the default; `--config` goes before it. */
  readonly configPath: string;
  /** $STATE_DIRECTORY, set by systemd; goes before `outbox.directory`. */
  readonly stateDirectory: string | undefined;
  /** $RUNTIME_DIRECTORY, set by systemd: for the socket of a daemon whose state directory is missing or read-only, and for the request of a reboot. */
  readonly runtimeDirectory?: string | undefined;
  /** $CREDENTIALS_DIRECTORY, set by systemd where the unit loads the private key as a credential. */
  readonly credentialsDirectory: string | undefined;
  /** $HTTPS_PROXY and $NO_PROXY; `aws.proxy` goes before them. */
  readonly proxy: ProxyEnvironment;
  readonly notifySocket: string | undefined;
  readonly watchdogUsec: string | undefined;
  /** The folder of the release that runs, links resolved. */
  readonly release: string;
  readonly updatePlaces: UpdatePlaces;
};

export type CommandContext = {
  readonly environment: Environment;
  readonly version: string;
  readonly input: NodeJS.ReadableStream;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
  /** Aborts on SIGTERM and SIGINT. */
  readonly signal: AbortSignal;
};

export type CommandArguments = {
  readonly operands: readonly string[];
  readonly config?: string | undefined;
  readonly simulate?: boolean | undefined;
  readonly scenario?: string | undefined;
  readonly seed?: string | undefined;
  readonly map?: string | undefined;
  readonly json?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly claim?: boolean | undefined;
};

/** Resolves with the exit status. */
export type Command = (args: CommandArguments, context: CommandContext) => Promise<number>;

export type CommandModule = { readonly command: Command };

type ConfiguredCommand = (
  config: GatewayConfig,
  args: CommandArguments,
  context: CommandContext,
) => Promise<number>;

/** A command that needs a good configuration, as the daemon has it: with a bad one it prints every problem and ends with 78. */
export const configured =
  (run: ConfiguredCommand): Command =>
  async (args, context) => {
    const { configPath, credentialsDirectory, stateDirectory } = context.environment;
    const { config, problems } = await loadStationConfig(args.config ?? configPath, {
      credentialsDirectory,
      stateDirectory,
    });
    if (config !== undefined) return await run(config, args, context);
    context.err.write(`${problems.map(formatProblem).join('\n')}\n`);
    return BAD_CONFIGURATION;
  };

/** Says why a command does not go on, whatever the text is made of, and gives its exit status. */
export const refuse = ({ err }: CommandContext, message: string): number => {
  err.write(`weather-gateway: ${printable(message)}\n`);
  return 1;
};

/** Where the daemon of this configuration keeps its state. */
export const stateDirectoryOf = (config: GatewayConfig, { environment }: CommandContext): string =>
  environment.stateDirectory ?? config.outbox.directory;
