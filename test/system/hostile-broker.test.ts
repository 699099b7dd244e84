import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../src/certificate/certificate-authority.ts';
import { type FloodKind, floods, type HostileBroker, startFloodingBroker } from '../faults/hostile-peers.ts';
import { createGatewayProcess, type GatewayProcess, until } from './gateway-process.ts';

const MAX_MEGABYTES = 150;
const ATTACK_MS = 8_000;

/** The most that a process ever held. */
const peakMegabytes = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1_024;
};

describe('the daemon at a hostile broker', () => {
  let folder: string;
  let authority: CertificateAuthority;
  let broker: HostileBroker;
  let gateway: GatewayProcess;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hostile-broker-'));
    authority = await createCertificateAuthority('Test');
  });
  afterEach(async () => {
    await gateway.stop('SIGTERM');
    await broker.close();
    await rm(folder, { recursive: true });
  });

  const connectTo = async (brokerPort: number): Promise<void> => {
    gateway = await createGatewayProcess({
      stationId: '1',
      folder,
      outboxDirectory: join(folder, 'outbox'),
      brokerPort,
      rootCa: authority.certificate,
      device: await authority.issueClient('1'),
      speed: 1,
    });
    gateway.start();
    await until('the daemon is up', async () => (await gateway.waiting()) !== null);
  };

  it.each(Object.keys(floods) as FloodKind[])(
    `holds less than ${MAX_MEGABYTES} MB and measures on while it is sent %s`,
    async (kind) => {
      const server = await authority.issueServer({ dns: ['localhost'], ip: ['127.0.0.1'] });
      broker = await startFloodingBroker(server, authority.certificate, kind);
      await connectTo(broker.port);
      const before = (await gateway.waiting()) ?? 0;

      await delay(ATTACK_MS);

      expect(broker.sessions()).toBeGreaterThan(0);
      expect((await gateway.waiting()) ?? 0).toBeGreaterThan(before + 4);
      const megabytes = await peakMegabytes(gateway.pid() ?? 0);
      expect(megabytes).toBeLessThan(MAX_MEGABYTES);
    },
  );
});
