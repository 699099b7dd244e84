// The verb `update` by the built daemon, as far as the unit of root: a job, a bucket that breaks off, and readings meanwhile.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ConnectProxy, startConnectProxy } from './connect-proxy.ts';
import { createGatewayProcess, type GatewayProcess, until } from './gateway-process.ts';
import { type JobsCloud, startJobsCloud } from './jobs-cloud.ts';
import { createMosquitto, type Mosquitto } from './mosquitto.ts';

const ENDPOINT = 'test-ats.iot.eu-west-1.amazonaws.com';
const BUCKET = 'weather-releases.s3.eu-west-1.amazonaws.com';
const SIZE = 1_500_000;
const CHUNK = 15_000;

/** Programs of this mount namespace see a /var/lib and an /etc on which `install.sh` and a person could have worked. */
const startStationFiles = async (): Promise<ChildProcess> => {
  const setup = `set -e
mount -t tmpfs none /mnt
for each in etc var/lib; do
  mkdir -p /mnt/$each.upper /mnt/$each.work
  mount -t overlay none -o lowerdir=/$each,upperdir=/mnt/$each.upper,workdir=/mnt/$each.work /$each
done
rm -rf /etc/weather-gateway /var/lib/weather-gateway*
mkdir -p /etc/weather-gateway /var/lib/weather-gateway /var/lib/weather-gateway-update/results
touch /etc/weather-gateway/allowed_signers
echo ready
exec sleep 600`;
  const holder = spawn('unshare', ['--mount', 'bash', '-c', setup], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  return holder;
};

type Bucket = {
  readonly port: number;
  /** The first bytes that were asked for. */
  readonly asked: number[];
  /** Archive bytes that one answer may have, by its number; all of them without. */
  readonly breaks: Map<number, number>;
  sent: number;
  readonly server: Server;
};

/** Answers to `Range` as S3 does, 600 KB/s. */
const startBucket = async (archive: Buffer, { authority }: Mosquitto): Promise<Bucket> => {
  const { certificate, privateKey } = await authority.issueServer({ dns: [BUCKET], ip: [] });
  const asked: number[] = [];
  const breaks = new Map<number, number>();
  const server = createServer({ cert: certificate, key: privateKey }, async (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
    asked.push(from);
    const room = breaks.get(asked.length) ?? archive.length;
    response.writeHead(206, {
      'content-range': `bytes ${from}-${archive.length - 1}/${archive.length}`,
      'content-length': archive.length - from,
    });
    for (let at = from; at < archive.length && !response.destroyed; at += CHUNK) {
      if (at - from >= room) response.destroy();
      else response.write(archive.subarray(at, at + CHUNK));
      bucket.sent = at;
      await delay(25);
    }
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  const bucket: Bucket = { port: address.port, asked, breaks, sent: 0, server };
  return bucket;
};

describe('an update by a job over mutual TLS', () => {
  const archive = randomBytes(SIZE);
  let folder: string;
  let holder: ChildProcess;
  let mosquitto: Mosquitto;
  let bucket: Bucket;
  let proxy: ConnectProxy;
  let cloud: JobsCloud;
  let gateway: GatewayProcess;
  let drop: string;
  let results: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'update-job-'));
    holder = await startStationFiles();
    drop = `/proc/${holder.pid}/root/var/lib/weather-gateway/update`;
    results = `/proc/${holder.pid}/root/var/lib/weather-gateway-update/results`;
    mosquitto = await createMosquitto({ names: [ENDPOINT] });
    const { authority, port } = mosquitto;
    await mosquitto.start();
    bucket = await startBucket(archive, mosquitto);
    proxy = await startConnectProxy({
      ...{ user: 'mast', password: 'word' },
      port: (host) => (host === ENDPOINT ? port : host === BUCKET ? bucket.port : undefined),
    });
    const identity = await authority.issueClient('cloud');
    cloud = await startJobsCloud({ port, rootCa: authority.certificate, identity, station: '1' });
    gateway = await createGatewayProcess({
      ...{ stationId: '1', folder, outboxDirectory: join(folder, 'outbox'), brokerPort: port, speed: 1 },
      rootCa: authority.certificate,
      device: await authority.issueClient('1'),
      aws: { endpoint: ENDPOINT, port: 8883, proxy: `http://mast:word@127.0.0.1:${proxy.port}` },
      launcher: ['nsenter', '--mount', '--target', `${holder.pid}`, '--'],
    });
    gateway.start();
    await until('readings arrive', () => cloud.seqs.length > 0);
  });
  afterEach(async () => {
    await gateway?.stop('SIGTERM');
    await cloud?.close();
    bucket?.server.close();
    proxy?.close();
    await mosquitto?.dispose();
    holder.kill();
    await rm(folder, { recursive: true });
  });

  /** For a processor of this kind, and one of another kind before it. */
  const document = () => {
    const released = (architecture: string) => ({
      manifest: JSON.stringify({
        ...{ version: '9.1.0', architecture, nodeAbi: Number(process.versions.modules), size: SIZE },
        ...{ unpackedSize: SIZE, sha256: createHash('sha256').update(archive).digest('hex') },
      }),
      signature: `of ${architecture}`,
      url: `https://${BUCKET}/9.1.0-${architecture}.tar.gz?X-Amz-Signature=1`,
    });
    return { verb: 'update', releases: [released('linux-riscv64'), released(`linux-${process.arch}`)] };
  };
  const said = (): string => JSON.stringify(cloud.service.stateOf('update'));
  const partial = async (): Promise<number> => {
    const names = existsSync(drop) ? await readdir(drop) : [];
    const part = names.find((name) => name.endsWith('.part'));
    return part === undefined ? 0 : (await stat(join(drop, part))).size;
  };

  it('goes on where the link broke and where the daemon was killed, and puts it there for root', async () => {
    bucket.breaks.set(1, SIZE / 3);
    const before = cloud.seqs.length;
    cloud.service.add('update', document());
    await until('the second request is under way', async () => (await partial()) > SIZE / 2);
    expect(said()).toContain('"status":"IN_PROGRESS"');
    expect(said()).toContain('"step":"downloading"');
    const whileDownloading = cloud.seqs.length;
    expect(whileDownloading).toBeGreaterThan(before);
    await gateway.stop('SIGKILL');
    const kept = await partial();
    gateway.start();
    await until('root is asked', () => existsSync(join(drop, 'request')));

    expect(bucket.asked.length).toBe(3);
    const [first, second = 0, third] = bucket.asked;
    expect(first).toBe(0);
    // What the broken answer brought, but for what was on its way.
    expect(second).toBeGreaterThan(SIZE / 3 - 200_000);
    expect(second).toBeLessThanOrEqual(SIZE / 3 + CHUNK);
    expect(third).toBe(kept);
    expect(cloud.seqs.length).toBeGreaterThan(whileDownloading);

    const [, chosen] = document().releases;
    expect((await readdir(drop)).sort()).toEqual([
      'manifest.json',
      'manifest.json.sig',
      'release.tar.gz',
      'request',
    ]);
    expect(archive.equals(await readFile(join(drop, 'release.tar.gz')))).toBe(true);
    expect(await readFile(join(drop, 'manifest.json'), 'utf8')).toBe(chosen?.manifest);
    expect(await readFile(join(drop, 'manifest.json.sig'), 'utf8')).toBe(chosen?.signature);
    const id = await readFile(join(drop, 'request'), 'utf8');
    expect(id).toMatch(/^update-[0-9a-f]{16}$/);

    // As update.sh answers.
    const answer = { id, version: '9.1.0', state: 'REJECTED', step: 'verified', reason: 'it is older' };
    await writeFile(join(results, `${id}.json`), JSON.stringify(answer));
    await rm(drop, { recursive: true });
    await until('the job ends', () => said().includes('REJECTED'));
    expect(cloud.service.stateOf('update')?.statusDetails).toMatchObject({
      problem: 'it is older',
      step: 'verified',
      release: '9.1.0',
    });
    expect(bucket.asked.length).toBe(3);
    const after = cloud.seqs.length;
    await until('readings go on', () => cloud.seqs.length > after + 2);
    // Of both runs of the daemon: each is the next one, or came a second time because its PUBACK was lost.
    const holes = cloud.seqs.filter((seq, index) => seq > (cloud.seqs[index - 1] ?? 0) + 1);
    expect(holes).toEqual([]);
  });
});
