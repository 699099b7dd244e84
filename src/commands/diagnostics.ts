import { execFile } from 'node:child_process';
import { readFile, statfs } from 'node:fs/promises';
import os from 'node:os';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { readPem } from '../certificate/key-pairs.ts';
import { loadStationConfig, type StationConfig } from '../config/overlays.ts';
import { parseProxy } from '../config/proxy.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { formatProblem } from '../config/text-file.ts';
import { runChecks } from '../doctor/check.ts';
import { inspectOutbox } from '../outbox/inspection.ts';
import { askDaemon } from '../status/daemon-socket.ts';
import { createFile } from '../store/durable-file.ts';
import { systemClock } from '../time/clock.ts';
import { formatError } from '../weather/format.ts';
import { type Command, type CommandContext, refuse, stateDirectoryOf } from './command.ts';
import { checksFor } from './doctor.ts';

const run = promisify(execFile);

export const MAX_DIAGNOSTICS_BYTES = 1_000_000;

const COMMAND_TIMEOUT_MS = 15_000;
const MAX_OUTPUT_BYTES = 20_000_000;

/** Lines of a program's output, or one line that says why there are none. */
export type Lines = readonly string[];

export type RunProgram = (program: string, args: readonly string[]) => Promise<string>;

/** Rejects where the program is missing, fails or does not end. */
const runProgram: RunProgram = async (program, args) => {
  const { stdout } = await run(program, [...args], {
    timeout: COMMAND_TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  return stdout;
};

const MASK = '(masked)';
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi;
/** Values of these keys are never shown, whatever part of the program may come to have them. */
const SECRET_KEY = /^(token|password|secret|privateKeyPem)$/i;

const maskText = (text: string, secrets: readonly string[]): string =>
  secrets
    .reduce((masked, secret) => masked.replaceAll(secret, MASK), text)
    .replace(PRIVATE_KEY, MASK)
    .replace(URL_PASSWORD, `$1:${MASK}@`);

/** A key in a log takes several lines. */
const isLines = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

/** A value of JSON without these secrets, without private keys, and without passwords in addresses. */
export const maskSecrets = (value: unknown, secrets: readonly string[]): unknown => {
  if (typeof value === 'string') return maskText(value, secrets);
  if (isLines(value)) return maskText(value.join('\n'), secrets).split('\n');
  if (Array.isArray(value)) return value.map((each) => maskSecrets(each, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      maskText(key, secrets),
      SECRET_KEY.test(key) && inner !== null && inner !== undefined ? MASK : maskSecrets(inner, secrets),
    ]),
  );
};

const linesOf = (text: string): Lines => text.split('\n').filter((line) => line !== '');

const tryLines = async (what: string, read: () => Promise<string>): Promise<Lines> => {
  try {
    return linesOf(await read());
  } catch (error) {
    return [`${what} cannot be had: ${formatError(error).split('\n')[0] ?? ''}`];
  }
};

/** What the kernel says of buses, supply, card and memory. */
const KERNEL_SUBJECT =
  /i2c|gpio|w1[ _-]|voltage|throttl|mmc|sd[a-z]\b|ext4|f2fs|i\/o error|out of memory|oom|watchdog|usb .*over-?current/i;

type MachineReport = {
  readonly system: Readonly<Record<string, unknown>>;
  readonly disks: Lines;
  readonly boots: Lines;
  readonly kernel: Lines;
  readonly journal: Lines;
};

const FILES: Readonly<Record<string, string>> = {
  model: '/proc/device-tree/model',
  throttled: '/sys/devices/platform/soc/soc:firmware/get_throttled',
  temperatureMilliCelsius: '/sys/class/thermal/thermal_zone0/temp',
  bootId: '/proc/sys/kernel/random/boot_id',
  meminfo: '/proc/meminfo',
};

const readFiles = async (): Promise<Record<string, string | null>> => {
  const texts = await Promise.all(
    Object.entries(FILES).map(async ([name, file]) => {
      const text = await readFile(file, 'utf8').catch(() => null);
      return [name, text === null ? null : text.replaceAll('\0', '').trim()] as const;
    }),
  );
  return Object.fromEntries(texts);
};

type MachineReportOptions = {
  readonly unit: string;
  readonly directory: string;
  readonly journalLines: number;
  readonly runProgram?: RunProgram;
};

/** The machine beneath the gateway: what cannot be read says so, and nothing rejects. */
export const machineReport = async (options: MachineReportOptions): Promise<MachineReport> => {
  const { unit, directory, journalLines, runProgram: program = runProgram } = options;
  const kernelLog = async (): Promise<string> => {
    const journal = ['-k', '--no-pager', '-o', 'short-iso', '-n', '5000'];
    const text = await program('journalctl', journal).catch(() => program('dmesg', []));
    return linesOf(text)
      .filter((line) => KERNEL_SUBJECT.test(line))
      .slice(-300)
      .join('\n');
  };
  const space = await statfs(directory).catch(() => null);
  return {
    system: {
      ...(await readFiles()),
      release: os.release(),
      architecture: os.arch(),
      node: process.version,
      upSeconds: os.uptime(),
      load: os.loadavg(),
      stateFreeBytes: space === null ? null : space.bavail * space.bsize,
    },
    disks: [
      ...(await tryLines('df', () => program('df', ['-h']))),
      ...(await tryLines('lsblk', () => program('lsblk', ['-o', 'NAME,SIZE,TYPE,FSTYPE,RO,MOUNTPOINTS']))),
    ],
    boots: await tryLines('the list of boots', () =>
      program('journalctl', ['--list-boots', '--no-pager', '-n', '20']),
    ),
    kernel: await tryLines("the kernel's messages", kernelLog),
    journal: await tryLines('the journal', () =>
      program('journalctl', ['-u', unit, '-n', `${journalLines}`, '--no-pager', '-o', 'short-iso']),
    ),
  };
};

/** JSON of a report as gzip of at most 1 MB: the oldest lines of the journal, then of the kernel, go first. */
export const packDiagnostics = <Report extends Pick<MachineReport, 'journal' | 'kernel'>>(
  report: Report,
): Buffer => {
  const packed = gzipSync(`${JSON.stringify(report, null, 2)}\n`);
  if (packed.length <= MAX_DIAGNOSTICS_BYTES) return packed;
  const { journal, kernel } = report;
  const halved = (lines: Lines): Lines => lines.slice(Math.ceil(lines.length / 2));
  if (journal.length > 0) return packDiagnostics({ ...report, journal: halved(journal) });
  if (kernel.length > 0) return packDiagnostics({ ...report, kernel: halved(kernel) });
  throw new Error(`the report has ${packed.length} bytes without journal and kernel messages`);
};

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
  const text = config === undefined ? '' : await readPem(config.aws.privateKey).catch(() => '');
  return text.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----'));
};

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
    return { problem: formatError(error) };
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
  const { environment, out } = context;
  const [file] = args.operands;
  if (file === undefined)
    return refuse(context, 'diagnostics needs the name of the file to write, such as station.json.gz');
  const packed = await collectDiagnostics(args.config ?? environment.configPath, context, JOURNAL_LINES);
  try {
    const isNew = await createFile(file, packed, { mode: 0o600 });
    if (!isNew) return refuse(context, `${file} exists; name a new file`);
  } catch (error) {
    return refuse(context, `${file} cannot be written: ${formatError(error)}`);
  }
  out.write(`${file}: ${packed.length} bytes, without key, token and passwords (zcat shows it)\n`);
  return 0;
};
