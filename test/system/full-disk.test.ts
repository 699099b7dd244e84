import { spawnSync } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askDaemon } from '../../src/status/daemon-socket.ts';
import { mountSmallDisk, type SmallDisk, whyNoSmallDisk } from '../faults/small-disk.ts';
import { DeliveryLedger } from './delivery-ledger.ts';
import { createFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { createGatewayProcess, type GatewayProcess, logOf, until } from './gateway-process.ts';
import { createMosquitto, type Mosquitto } from './mosquitto.ts';
import { subscribe } from './subscriber.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SPEED = 20;
const WAITING = 280;
const START_WITHIN_MS = 60_000;
const NOBODY = 65_534;

const why = await whyNoSmallDisk();

/** What is said of the disk: where time is faster, a busy machine keeps the daemon from sampling for longer than it waits. */
const errorsIn = (log: string): string[] =>
  log
    .split('\n')
    .filter((line) => line.includes('"level":"error"') && !line.includes('the watchdog is not fed'));

describe.skipIf(why !== null)(`the daemon and its data directory (${why ?? 'mounted'})`, () => {
  let folder: string;
  let disk: SmallDisk;
  let mosquitto: Mosquitto;
  let proxy: FaultProxy;
  let gateway: GatewayProcess;
  let ledger: DeliveryLedger;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'full-disk-'));
    disk = await mountSmallDisk(join(folder, 'disk'), 32);
    mosquitto = await createMosquitto();
    proxy = await createFaultProxy();
    ledger = new DeliveryLedger();
    gateway = await createGatewayProcess({
      stationId: '1',
      folder: join(folder, 'files'),
      outboxDirectory: join(disk.path, 'outbox'),
      brokerPort: proxy.port,
      rootCa: mosquitto.authority.certificate,
      device: await mosquitto.authority.issueClient('1'),
      speed: SPEED,
    });
  });
  afterEach(async () => {
    await gateway.stop('SIGKILL');
    await proxy.cut();
    await mosquitto.dispose();
    await disk.unmount();
    await rm(folder, { recursive: true });
  });

  const start = async (): Promise<void> => {
    gateway.start();
    await until('the daemon is up', () => gateway.upMs() > 0, START_WITHIN_MS);
  };

  const takeReadings = async (): Promise<void> => {
    await start();
    await until('readings wait', async () => ((await gateway.waiting()) ?? 0) >= WAITING);
    await gateway.stop('SIGTERM');
  };

  /** Somebody listens before the station can reach it. */
  const bringBroker = async () => {
    await mosquitto.start();
    const subscriber = await subscribe({
      port: mosquitto.port,
      rootCa: mosquitto.authority.certificate,
      identity: await mosquitto.authority.issueClient('subscriber'),
      onMessage: (topic, payload) => ledger.take(topic, payload),
    });
    await proxy.open(mosquitto.port);
    return subscriber;
  };

  const expectAccounted = async (): Promise<void> => {
    const { epoch, lanes, totals } = await gateway.stats();
    const lastSeq = lanes.reading.nextSeq - 1 - lanes.reading.waiting;
    for (const name of ledger.epochs())
      expect(ledger.account(name, name === epoch ? lastSeq : undefined)).toMatchObject({
        missing: [],
        toldInGaps: 0,
      });
    expect(totals).toMatchObject({ setAside: 0, givenUp: 0 });
  };

  it('starts on a full disk with its reserve, drains what waits, and stores again once there is room', async () => {
    await takeReadings();
    await disk.fill();

    await start();
    await disk.fill();
    await until('the daemon says so', async () =>
      (await logOf(gateway)).includes('readings cannot be stored'),
    );
    const answer = await askDaemon(gateway.outboxDirectory, AbortSignal.timeout(10_000));
    const health = await fetch(`${gateway.url()}/healthz`);
    const page = await fetch(`${gateway.url()}/`);
    const subscriber = await bringBroker();
    await until('what waits is delivered', () => ledger.delivered() >= WAITING);
    await disk.free();
    await until('stored again', async () => (await logOf(gateway)).includes('readings are stored again'));
    await gateway.stop('SIGTERM');
    await subscriber.close();

    expect(answer).toMatchObject({ kind: 'answered' });
    expect([health.status, page.status]).toEqual([503, 200]);
    const log = await logOf(gateway);
    expect(errorsIn(log)).toHaveLength(1);
    expect(log).not.toContain('    at ');
    await expectAccounted();
  });

  it('works in memory where it has no reserve, and moves to the disk once there is room', async () => {
    await takeReadings();
    await rm(join(gateway.outboxDirectory, 'reserve'));
    await disk.fill();

    await start();
    await until('readings are taken', async () => ((await gateway.waiting()) ?? 0) >= 3);
    const answer = await askDaemon(gateway.outboxDirectory, AbortSignal.timeout(10_000));
    const health = await fetch(`${gateway.url()}/healthz`);
    const page = await fetch(`${gateway.url()}/`);
    expect(errorsIn(await logOf(gateway))).toHaveLength(2);
    await disk.free();
    await until('it ends to use the disk', () => !gateway.isRunning());
    await start();
    const subscriber = await bringBroker();
    await until('all is delivered', async () => ((await gateway.waiting()) ?? 99) <= 2);
    await gateway.stop('SIGTERM');
    await subscriber.close();

    expect(answer).toMatchObject({ kind: 'answered' });
    expect([health.status, page.status]).toEqual([503, 200]);
    expect(await logOf(gateway)).not.toContain('    at ');
    expect(ledger.epochs()).toHaveLength(3);
    await expectAccounted();
  });

  it('works in memory on a read-only file system', async () => {
    await disk.makeReadOnly();

    await start();
    await until('readings are taken', async () => ((await gateway.waiting()) ?? 0) >= 3);
    const page = await fetch(`${gateway.url()}/`);
    await gateway.stop('SIGTERM');
    await disk.makeWritable();
    expect(page.status).toBe(200);

    const log = await logOf(gateway);
    expect(errorsIn(log)).toEqual([
      expect.stringContaining('read-only file system'),
      expect.stringContaining('readings cannot be stored'),
      expect.stringMatching(/"records":\d+,"msg":"the disk took nothing until the end/),
    ]);
    expect(log).not.toContain('    at ');
  });

  const runOnce = (...prefix: readonly string[]) => {
    const file = (name: string): string => join(folder, 'files', name);
    const args = ['run', '--simulate', '--scenario', file('scenario.yaml'), '--config', file('gateway.yaml')];
    const [program = '', ...rest] = [...prefix, process.execPath, MAIN, ...args];
    return spawnSync(program, rest, { encoding: 'utf8', timeout: 180_000 });
  };

  const expectOneLine = ({ status, stdout, stderr }: ReturnType<typeof runOnce>, line: RegExp): void => {
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    const errors = errorsIn(stdout);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(line);
    expect(stdout).not.toContain('    at ');
  };

  it('says in one line that another daemon holds its store', async () => {
    await start();

    expectOneLine(runOnce(), /in use by another process; stop the daemon first/);
  });

  it('says in one line that the data directory cannot be made or is no directory', async () => {
    await writeFile(gateway.outboxDirectory, 'a file');

    expectOneLine(runOnce(), /the data directory .* cannot be used: /);
  });

  it('says in one line that the data directory cannot be written', async () => {
    await mkdir(gateway.outboxDirectory);
    await chown(gateway.outboxDirectory, NOBODY, NOBODY);
    const asOwnerOnly = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];

    expectOneLine(runOnce(...asOwnerOnly), /the data directory .* cannot be used: EACCES/);
  });
});
