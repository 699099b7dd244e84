import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../src/certificate/certificate-authority.ts';
import { freePort } from '../../src/demo/demo.ts';

export type Mosquitto = {
  readonly port: number;
  readonly authority: CertificateAuthority;
  start(): Promise<void>;
  /** `SIGKILL` leaves clients to find out by themselves. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Stops it and removes its files. */
  dispose(): Promise<void>;
};

export const MOSQUITTO = '/usr/sbin/mosquitto';

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

export type MosquittoOptions = {
  /** Further names of the broker. */
  readonly names?: readonly string[];
  /** Lines of an access list; the user is the common name of the certificate. Everybody may do everything without. */
  readonly access?: readonly string[];
  /** Called with what it logs of connections. */
  readonly onLog?: (text: string) => void;
};

const configuration = (port: number, folder: string, hasAccess: boolean): string =>
  [
    'per_listener_settings false',
    'allow_anonymous true',
    'max_queued_messages 0',
    'max_inflight_messages 0',
    `listener ${port} 127.0.0.1`,
    `cafile ${join(folder, 'ca.pem')}`,
    `certfile ${join(folder, 'server.pem')}`,
    `keyfile ${join(folder, 'server.key')}`,
    'require_certificate true',
    ...(hasAccess ? ['use_identity_as_username true', `acl_file ${join(folder, 'access')}`] : []),
    '',
  ].join('\n');

/** Debian's mosquitto over mutual TLS, with certificates of its own; not started yet. */
export const createMosquitto = async ({
  names = [],
  access,
  onLog,
}: MosquittoOptions = {}): Promise<Mosquitto> => {
  const folder = await mkdtemp(join(tmpdir(), 'mosquitto-'));
  const authority = await createCertificateAuthority('Mosquitto test authority');
  const server = await authority.issueServer({ dns: ['localhost', ...names], ip: ['127.0.0.1'] });
  const port = await freePort();
  await writeFile(join(folder, 'ca.pem'), authority.certificate);
  await writeFile(join(folder, 'server.pem'), server.certificate);
  await writeFile(join(folder, 'server.key'), server.privateKey);
  // Started by root it would drop its privileges and lose sight of the folder.
  const user = process.getuid?.() === 0 ? ['user root'] : [];
  await writeFile(join(folder, 'access'), `${(access ?? []).join('\n')}\n`);
  await writeFile(
    join(folder, 'mosquitto.conf'),
    [...user, configuration(port, folder, access !== undefined)].join('\n'),
  );
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const started = spawn(MOSQUITTO, ['-c', join(folder, 'mosquitto.conf')], {
      stdio: ['ignore', 'ignore', onLog === undefined ? 'ignore' : 'pipe'],
    });
    started.stderr?.on('data', (chunk: Buffer) => onLog?.(chunk.toString()));
    child = started;
    while (!(await isListening(port))) {
      if (started.exitCode !== null) throw new Error(`mosquitto ended with ${started.exitCode}`);
      await delay(20);
    }
  };
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null) return;
    const exited = once(running, 'exit');
    running.kill(signal);
    await exited;
  };
  return {
    port,
    authority,
    start,
    stop,
    dispose: async () => {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
};
