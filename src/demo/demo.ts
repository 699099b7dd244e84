import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createCertificateAuthority } from '../certificate/certificate-authority.ts';
import type { Clock } from '../time/clock.ts';
import { startBroker } from './broker.ts';
import { writeDemoFiles } from './demo-files.ts';
import { freePort } from './free-port.ts';
import { messageLine } from './message-line.ts';
import { type Absence, NetworkSwitch } from './network-switch.ts';

export type DemoOptions = {
  readonly intervalSeconds: number;
  /** When the network is away by itself. */
  readonly absence: Absence | undefined;
};

export type DemoParts = {
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
