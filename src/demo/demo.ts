import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createCertificateAuthority, type Identity } from '../certificate/certificate-authority.ts';
import { loadConfig } from '../config/load.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { formatProblem } from '../config/text-file.ts';
import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import { type Broker, startBroker } from './broker.ts';

/** A TCP port of the loopback interface that was free a moment ago, for programs that take none the kernel chooses. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return address.port;
};

const readingSchema = z.object({
  seq: z.int(),
  datetime: z.string(),
  temperature: z.number().nullable(),
  humidity: z.number().nullable(),
  winddirection: z.number().nullable(),
  windintensity: z.number().nullable(),
  rainheight: z.number().nullable(),
});
const backlogSchema = z.object({ readings: z.array(readingSchema).min(1) });
const textSchema = z.object({ text: z.string() });
const gapSchema = z.object({ fromseq: z.int(), toseq: z.int(), reason: z.string() });
const healthSchema = z.object({ instruments: z.record(z.string(), z.string()), failing: z.int() });
const statusSchema = z.object({ state: z.string(), waiting: z.int().optional() });

type Reading = z.infer<typeof readingSchema>;

const quantity = (value: number | null, unit: string): string =>
  value === null ? `- ${unit}` : `${value} ${unit}`;

const readingLine = (reading: Reading): string =>
  [
    `reading  #${reading.seq}  ${reading.datetime}`,
    quantity(reading.temperature, '°C'),
    quantity(reading.humidity, '%RH'),
    `${quantity(reading.windintensity, 'km/h')} from ${quantity(reading.winddirection, '°')}`,
    `${quantity(reading.rainheight, 'mm')} rain`,
  ].join('  ');

const backlogLine = ({ readings }: z.infer<typeof backlogSchema>): string => {
  const seqs = readings.map(({ seq }) => seq);
  return `backlog  #${Math.min(...seqs)} to #${Math.max(...seqs)}: ${readings.length} readings that had waited, in one message`;
};

const describers: Readonly<Record<string, (payload: unknown) => string>> = {
  reading: (payload) => readingLine(readingSchema.parse(payload)),
  backlog: (payload) => backlogLine(backlogSchema.parse(payload)),
  prealert: (payload) => `alert    ${textSchema.parse(payload).text}`,
  gap: (payload) => {
    const { fromseq, toseq, reason } = gapSchema.parse(payload);
    return `gap      #${fromseq} to #${toseq}: ${reason}`;
  },
  status: (payload) => {
    const { state, waiting } = statusSchema.parse(payload);
    return `status   ${state}${waiting === undefined ? '' : `, ${waiting} readings wait`}`;
  },
  health: (payload) => {
    const { instruments, failing } = healthSchema.parse(payload);
    return `health   ${Object.keys(instruments).length} instruments, ${failing} failing`;
  },
};

/** One line for a person about one message at the broker. */
export const messageLine = (topic: string, payload: string): string => {
  const describe = describers[topic.split('/').at(-1) ?? ''];
  return describe === undefined ? `${topic} ${payload}` : describe(JSON.parse(payload));
};

type DemoFilesParts = {
  readonly brokerPort: number;
  readonly httpPort: number;
  readonly intervalSeconds: number;
  readonly rootCa: string;
  readonly device: Identity;
};

type DemoFiles = { readonly configFile: string; remove(): Promise<void> };

type Rules = GatewayConfig['preAlerts'];

/** Those a station has to begin with. */
const shippedRules = async (): Promise<Rules> => {
  const { config, problems } = await loadConfig(
    fileURLToPath(new URL('../../config/gateway.yaml', import.meta.url)),
  );
  if (config === undefined) throw new Error(problems.map(formatProblem).join('\n'));
  return config.preAlerts;
};

/** JSON is YAML: nothing needs quoting rules of its own. */
const configuration = (folder: string, preAlerts: Rules, parts: DemoFilesParts): string =>
  JSON.stringify(
    {
      station: { id: '1', name: 'Laptop' },
      aws: {
        endpoint: 'localhost',
        port: parts.brokerPort,
        certificate: join(folder, 'device.pem'),
        privateKey: join(folder, 'device.key'),
        rootCa: join(folder, 'ca.pem'),
        // The broker of the demo takes messages and sends none.
        jobs: false,
      },
      reporting: { intervalSeconds: parts.intervalSeconds },
      outbox: { directory: join(folder, 'outbox') },
      sensors: {
        bme280: { address: 0x76 },
        windVane: { address: 0x48, channel: 0 },
        anemometer: { gpio: 5 },
        rainGauge: { gpio: 6 },
      },
      preAlerts,
      http: { port: parts.httpPort },
      log: { level: 'warn' },
    },
    null,
    2,
  );

/** A configuration with its certificates in a folder that is thrown away afterwards. */
const writeDemoFiles = async (parts: DemoFilesParts): Promise<DemoFiles> => {
  const folder = await mkdtemp(join(tmpdir(), 'weather-gateway-demo-'));
  const configFile = join(folder, 'gateway.yaml');
  await writeFile(join(folder, 'ca.pem'), parts.rootCa);
  await writeFile(join(folder, 'device.pem'), parts.device.certificate);
  await writeFile(join(folder, 'device.key'), parts.device.privateKey, { mode: 0o600 });
  await writeFile(configFile, configuration(folder, await shippedRules(), parts));
  return { configFile, remove: () => rm(folder, { recursive: true, force: true }) };
};

type NetworkSwitchParts = {
  readonly broker: Pick<Broker, 'cut' | 'restore'>;
  readonly clock: Clock;
  readonly write: (line: string) => void;
  /** The gateway's own status page. */
  readonly statusUrl: string;
};

type Absence = { readonly afterSeconds: number; readonly forSeconds: number };

const LOOK_EVERY_MS = 3_000;

const waitingSchema = z.object({
  outbox: z.object({ lanes: z.object({ reading: z.object({ waiting: z.int() }) }) }),
});

/** Takes the network away and brings it back, and shows what waits meanwhile. */
export class NetworkSwitch {
  readonly #parts: NetworkSwitchParts;
  #away: AbortController | undefined;

  constructor(parts: NetworkSwitchParts) {
    this.#parts = parts;
  }

  async toggle(): Promise<void> {
    const { broker, write } = this.#parts;
    if (this.#away === undefined) {
      const away = new AbortController();
      this.#away = away;
      write('-------- the network is gone: readings wait in the outbox');
      await broker.cut();
      await this.#watchWaiting(away.signal);
    } else {
      this.#away.abort();
      this.#away = undefined;
      write('-------- the network is back');
      await broker.restore();
    }
  }

  async play({ afterSeconds, forSeconds }: Absence, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    await clock.sleep(afterSeconds * 1_000, signal);
    const cutting = this.#away === undefined ? this.toggle() : undefined;
    await clock.sleep(forSeconds * 1_000, signal);
    if (this.#away !== undefined) await this.toggle();
    await cutting;
  }

  close(): void {
    this.#away?.abort();
  }

  async #watchWaiting(signal: AbortSignal): Promise<void> {
    const { clock, statusUrl, write } = this.#parts;
    while (!signal.aborted) {
      await pause(clock, LOOK_EVERY_MS, signal);
      if (signal.aborted) return;
      const response = await fetch(statusUrl, { signal }).catch(() => null);
      const status = waitingSchema.safeParse(await response?.json().catch(() => null));
      if (status.success) write(`outbox   ${status.data.outbox.lanes.reading.waiting} readings wait`);
    }
  }
}

type DemoOptions = {
  readonly intervalSeconds: number;
  /** When the network is away by itself. */
  readonly absence: Absence | undefined;
};

type DemoParts = {
  /** The built command, run with the same Node as this process. */
  readonly gatewayCommand: readonly [string, ...string[]];
  readonly clock: Clock;
  readonly write: (line: string) => void;
  /** Calls back when a person wants the network to go or to come back. */
  readonly onToggle: (listener: () => void) => void;
};

const startGateway = (configFile: string, { gatewayCommand, write }: DemoParts): ChildProcess => {
  const [program, ...args] = gatewayCommand;
  const child = spawn(program, [...args, 'run', '--simulate', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => write(`gateway  ${line}`));
  }
  return child;
};

/**
 * A simulated gateway and a broker on this machine, over mutual TLS with certificates that are thrown away.
 * Until the signal aborts; resolves with the exit status of the gateway.
 */
export const runDemo = async (
  options: DemoOptions,
  parts: DemoParts,
  signal: AbortSignal,
): Promise<number> => {
  const { write } = parts;
  const authority = await createCertificateAuthority('weather-gateway demo');
  const broker = await startBroker({
    server: await authority.issueServer({ dns: ['localhost'], ip: ['127.0.0.1'] }),
    clientAuthority: authority.certificate,
    onPublish: ({ topic, payload }) => {
      write(messageLine(topic, payload));
      return { reasonCode: 0 };
    },
  });
  const httpPort = await freePort();
  const files = await writeDemoFiles({
    brokerPort: broker.port,
    httpPort,
    intervalSeconds: options.intervalSeconds,
    rootCa: authority.certificate,
    device: await authority.issueClient('1'),
  });
  const child = startGateway(files.configFile, parts);
  const exited = once(child, 'exit');
  const dashboard = `http://127.0.0.1:${httpPort}/`;
  write(`-------- dashboard: ${dashboard}`);
  const network = new NetworkSwitch({ ...parts, broker, statusUrl: `${dashboard}api/status` });
  parts.onToggle(() => void network.toggle());
  const stop = (): boolean => child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  const ended = new AbortController();
  const playing = play(network, options.absence, ended.signal);
  try {
    const [exitCode] = await exited;
    return typeof exitCode === 'number' ? exitCode : 1;
  } finally {
    ended.abort();
    network.close();
    await playing;
    await broker.close();
    await files.remove();
  }
};

const play = async (
  network: NetworkSwitch,
  absence: Absence | undefined,
  signal: AbortSignal,
): Promise<void> => {
  if (absence === undefined) return;
  await network.play(absence, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
};
