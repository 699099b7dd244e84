import { readFile, writeFile } from 'node:fs/promises';
import { loadStationConfig, type StationConfig } from '../config/overlays.ts';
import { formatProblem } from '../config/problem.ts';
import { parseProxy } from '../config/proxy.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { runChecks } from '../doctor/check.ts';
import { machineReport, maskSecrets, packDiagnostics } from '../doctor/diagnostics.ts';
import { inspectOutbox } from '../outbox/inspection.ts';
import { askDaemon } from '../status/daemon-socket.ts';
import { systemClock } from '../time/clock.ts';
import { type Command, type CommandContext, stateDirectoryOf } from './command.ts';
import { checksFor } from './doctor.ts';

const UNIT = 'weather-gateway.service';
const JOURNAL_LINES = 5_000;
/** In the daemon, which has readings to take. */
const JOURNAL_LINES_FOR_JOB = 1_000;

const secretsOf = (config: GatewayConfig | undefined, { proxy }: CommandContext['environment']): string[] => {
  const urls = [config?.aws.proxy, proxy.httpsProxy].filter((url) => url !== undefined);
  const passwords = urls.flatMap((url) => {
    const password = parseProxy(url)?.password;
    return password === undefined || password === '' ? [] : [password, encodeURIComponent(password)];
  });
  return [config?.http.token, ...passwords].filter((secret) => secret !== undefined);
};

/** The lines of the private key, wherever they may have got to. */
const keyLines = async (config: GatewayConfig | undefined): Promise<string[]> => {
  const text = config === undefined ? '' : await readFile(config.aws.privateKey, 'utf8').catch(() => '');
  return text.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----'));
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What the store holds, where no daemon has it: the status has the same counts while one runs. */
const outboxReport = async (directory: string): Promise<unknown> => {
  try {
    const inspection = await inspectOutbox(directory);
    if (typeof inspection === 'string') return { problem: inspection };
    try {
      return { stats: inspection.stats(), damage: inspection.damage, lanes: await inspection.verify() };
    } finally {
      await inspection.close();
    }
  } catch (error) {
    return { problem: reasonOf(error) };
  }
};

const gatewayReport = async (
  { config, inForce, overlays }: StationConfig,
  configFile: string,
  context: CommandContext,
) => {
  const directory = stateDirectoryOf(config, context);
  const answer = await askDaemon(directory, context.signal);
  return {
    configuration: config,
    remoteConfiguration: { inForce, ...overlays },
    status:
      answer.kind === 'answered'
        ? answer.body
        : { problem: answer.kind === 'unknown' ? answer.reason : answer.kind },
    outbox: answer.kind === 'not running' ? await outboxReport(directory) : null,
    doctor: await runChecks(checksFor(config, configFile, context), systemClock, () => undefined),
  };
};

/** All that somebody far away needs to help, as gzip of at most 1 MB and without secrets; also with a bad configuration. */
const collectDiagnostics = async (
  configFile: string,
  context: CommandContext,
  journalLines: number,
): Promise<Buffer> => {
  const { environment, version } = context;
  const { credentialsDirectory, stateDirectory } = environment;
  const station = await loadStationConfig(configFile, { credentialsDirectory, stateDirectory });
  const { config } = station;
  const directory = config === undefined ? '/' : stateDirectoryOf(config, context);
  const report = {
    version,
    datetime: new Date(systemClock.wallMs()).toISOString(),
    ...(station.problems !== undefined
      ? { problems: station.problems.map(formatProblem) }
      : await gatewayReport(station, configFile, context)),
    ...(await machineReport({ unit: UNIT, directory, journalLines })),
  };
  const secrets = [...secretsOf(config, environment), ...(await keyLines(config))];
  return packDiagnostics(maskSecrets(report, secrets) as typeof report);
};

/** The same for a job, made by the running daemon. */
export const diagnosticsForJob = (configFile: string, context: CommandContext): Promise<Buffer> =>
  collectDiagnostics(configFile, context, JOURNAL_LINES_FOR_JOB);

/** Writes it to a new file. */
export const command: Command = async (args, context) => {
  const { environment, out, err } = context;
  const fail = (message: string): number => {
    err.write(`weather-gateway: ${message}\n`);
    return 1;
  };
  const [file] = args.operands;
  if (file === undefined)
    return fail('diagnostics needs the name of the file to write, such as station.json.gz');
  const packed = await collectDiagnostics(args.config ?? environment.configPath, context, JOURNAL_LINES);
  try {
    await writeFile(file, packed, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    return fail(exists ? `${file} exists; name a new file` : reasonOf(error));
  }
  out.write(`${file}: ${packed.length} bytes, without key, token and passwords (zcat shows it)\n`);
  return 0;
};
