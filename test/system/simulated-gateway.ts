import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { CertificateAuthority } from '../../src/certificate/certificate-authority.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export type SimulatedGateway = {
  /** Rejects, with what it logged last, when it ends without having been stopped. */
  readonly failed: Promise<never>;
  /** Resolves when it has ended. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
};

export type SimulatedGatewayOptions = {
  readonly station: { readonly id: string; readonly name: string };
  readonly broker: { readonly port: number; readonly authority: CertificateAuthority };
  readonly intervalSeconds: number;
  readonly scenario: object;
  /** Holds its store, configuration and certificates; the same again goes on where it was. */
  readonly directory: string;
  /** TCP port of its dashboard; any free one unless given. */
  readonly httpPort?: number;
};

/** The built daemon on simulated buses, in a process of its own. */
export const startSimulatedGateway = async (options: SimulatedGatewayOptions): Promise<SimulatedGateway> => {
  const { station, broker, intervalSeconds, scenario, directory, httpPort = 0 } = options;
  const at = (name: string): string => join(directory, name);
  await mkdir(at('store'), { recursive: true });
  const identity = await broker.authority.issueClient(station.id);
  const config = {
    station,
    aws: {
      ...{ endpoint: 'localhost', port: broker.port, topicPrefix: 'weather' },
      ...{ certificate: at('device.pem'), privateKey: at('device.key'), rootCa: at('ca.pem') },
    },
    reporting: { intervalSeconds },
    outbox: { directory: at('store') },
    sensors: { bme280: {}, windVane: {}, anemometer: { gpio: 5 }, rainGauge: { gpio: 6 } },
    http: { port: httpPort },
    log: { level: 'info' },
  };
  await writeFile(at('device.pem'), identity.certificate);
  await writeFile(at('device.key'), identity.privateKey, { mode: 0o600 });
  await writeFile(at('ca.pem'), broker.authority.certificate);
  await writeFile(at('gateway.yaml'), stringify(config));
  await writeFile(at('scenario.yaml'), stringify(scenario));

  const args = ['run', '--simulate', '--config', at('gateway.yaml'), '--scenario', at('scenario.yaml')];
  const daemon = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [daemon.stdout, daemon.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString('utf8')).slice(-20_000);
    });
  }
  let isStopped = false;
  const exited = once(daemon, 'exit');
  const failed = exited.then(([status]): Promise<never> => {
    if (isStopped) return new Promise(() => undefined);
    throw new Error(`the gateway of ${station.name} ended with ${status}:\n${log}`);
  });
  // Whoever waits for it sees it.
  failed.catch(() => undefined);
  return {
    failed,
    async stop(signal) {
      isStopped = true;
      if (daemon.exitCode === null && daemon.signalCode === null) daemon.kill(signal);
      await exited;
    },
  };
};
