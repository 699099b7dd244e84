import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { overlaysFileIn } from '../../src/config/overlays.ts';
import { createGatewayProcess, type GatewayProcess, until } from './gateway-process.ts';
import { type JobsCloud, startJobsCloud } from './jobs-cloud.ts';
import { createMosquitto, type Mosquitto } from './mosquitto.ts';

/** What the policy in cloud/stack/devices.ts grants, in mosquitto's words. */
const jobsAlone = [
  ...['user cloud', 'topic readwrite #', 'topic readwrite $aws/#', 'pattern write weather/%u/+'],
  'pattern write $aws/things/%u/jobs/start-next',
  'pattern write $aws/things/%u/jobs/+/update',
  'pattern read $aws/things/%u/jobs/#',
];
const policy = [
  ...jobsAlone,
  'pattern write $aws/things/%u/shadow/name/config/update',
  'pattern read $aws/things/%u/shadow/name/config/update/delta',
];

/** Simulated seconds in a second: the daemon restarts not sooner than after a minute. */
const SPEED = 6;

describe('configuration from afar over mutual TLS', () => {
  let folder: string;
  let mosquitto: Mosquitto;
  let cloud: JobsCloud;
  let gateway: GatewayProcess;
  let outboxDirectory: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'configuration-'));
    outboxDirectory = join(folder, 'outbox');
  });
  afterEach(async () => {
    await gateway.stop('SIGTERM');
    await cloud.close();
    await mosquitto.dispose();
    await rm(folder, { recursive: true });
  });

  const start = async (access: readonly string[] = policy): Promise<void> => {
    mosquitto = await createMosquitto({ access });
    const { authority, port } = mosquitto;
    await mosquitto.start();
    const identity = await authority.issueClient('cloud');
    cloud = await startJobsCloud({ port, rootCa: authority.certificate, identity, station: '1' });
    gateway = await createGatewayProcess({
      ...{ stationId: '1', folder, outboxDirectory, brokerPort: port, speed: SPEED },
      rootCa: authority.certificate,
      device: await authority.issueClient('1'),
      environment: { NOTIFY_SOCKET: join(folder, 'no-systemd') },
    });
    gateway.start();
  };

  const want = (id: string, values: unknown): void => cloud.shadow.want([{ id, values }]);
  const reports = (what: string, expected: object): Promise<void> =>
    until(what, () => {
      try {
        expect(cloud.shadow.reported).toMatchObject(expected);
        return true;
      } catch {
        return false;
      }
    });
  /** As systemd does. */
  const restarts = async (): Promise<void> => {
    await until('the daemon ends for a restart', () => !gateway.isRunning());
    expect(gateway.exitStatus()).toBe(75);
    gateway.start();
  };
  /** Some more arrive, and none was left out. */
  const readingsGoOn = async (): Promise<void> => {
    const before = cloud.seqs.length;
    await until('readings go on', () => cloud.seqs.length >= before + 3);
  };

  it('is run by after a restart, reported once a reading was delivered, and taken back', async () => {
    await start();
    await until('the station says that it is there', () => cloud.shadow.updates.length > 0);
    // Whatever goes to and fro beside it.
    const { deliver } = cloud.shadow;
    cloud.shadow.deliver = (delta) => [
      { ...delta, payload: '\u0000\uffff' },
      { ...delta, topic: delta.topic.replace('/things/1/', '/things/2/') },
      delta,
      delta,
    ];
    want('slower', { reporting: { intervalSeconds: 2 }, log: { level: 'debug' } });
    await restarts();
    cloud.shadow.deliver = deliver;

    await reports('it is on trial', {
      state: 'trial',
      configuration: [{ id: 'slower' }],
      effective: [{ reporting: { intervalSeconds: 2 } }],
    });
    expect(await gateway.status()).toMatchObject({
      intervalSeconds: 2,
      configuration: { state: 'listening', inForce: 'trial', id: 'slower', problem: null },
    });
    await readingsGoOn();

    want('back', {});
    await restarts();
    await reports('the file alone is on trial', {
      state: 'trial',
      configuration: [{ id: 'back', values: {} }],
    });
    expect(await gateway.status()).toMatchObject({ intervalSeconds: 1, configuration: { keys: [] } });
    await readingsGoOn();
  });

  it('is refused with path, found and allowed, without a restart', async () => {
    await start();
    for (const [id, values, path] of [
      ['other-cloud', { aws: { endpoint: 'evil.example' } }, 'aws'],
      ['relay', { preAlerts: [{ id: 'a', kind: 'sensor', output: { gpio: 17 } }] }, 'preAlerts[0].output'],
      ['later', { quality: { notYet: 1 } }, 'quality.notYet'],
      ['too-fast', { reporting: { intervalSeconds: 0 } }, 'reporting.intervalSeconds'],
    ] as const) {
      want(id, values);
      await reports(`${id} is refused`, { problem: { id, path, allowed: expect.stringMatching(/./) } });
    }
    expect(gateway.isRunning()).toBe(true);
    expect(await gateway.status()).toMatchObject({
      configuration: { inForce: 'own', dropped: { id: 'too-fast' } },
    });
    await readingsGoOn();
  });

  it('goes after five starts that came to nothing, and one that no release knows never keeps it down', async () => {
    await start();
    await readingsGoOn();
    await gateway.stop('SIGTERM');
    const overlays = (trial: object, kept: object | null) =>
      writeFile(overlaysFileIn(outboxDirectory), JSON.stringify({ trial, kept, dropped: null }));
    const kept = { id: 'kept', version: 1, values: { log: { level: 'warn' } } };
    await overlays({ id: 'crash', version: 2, values: { log: { level: 'debug' } }, starts: 0 }, kept);
    for (let starts = 0; starts < 5; starts += 1) {
      gateway.start();
      await until('it is up', () => gateway.upMs() > 0);
      await gateway.stop('SIGKILL');
    }

    gateway.start();
    await reports('the one before is back', {
      state: 'kept',
      configuration: [{ id: 'kept' }],
      problem: { id: 'crash' },
    });
    await gateway.stop('SIGTERM');

    await overlays({ id: 'next', version: 3, values: { quality: { ofTheNextRelease: 1 } }, starts: 0 }, kept);
    gateway.start();
    await reports('it is dropped', {
      state: 'kept',
      problem: { id: 'next', path: 'quality.ofTheNextRelease' },
    });

    // A person at the station writes what does not go with it.
    await gateway.stop('SIGTERM');
    await overlays(
      { id: 'vane', version: 4, values: { sensors: { windVane: { northOffsetDegrees: 9 } } }, starts: 0 },
      null,
    );
    const file = join(folder, 'gateway.yaml');
    const own = JSON.parse(await readFile(file, 'utf8'));
    delete own.sensors.windVane;
    await writeFile(file, JSON.stringify(own));
    gateway.start();
    await reports('the file alone is back', { state: 'own', configuration: [], problem: { id: 'vane' } });
    await readingsGoOn();
  });

  it('is done without where the policy is of before, at the cost of no job and no reading', async () => {
    await start(jobsAlone);
    await until('it does without', async () =>
      /"configuration":\{"state":"without"/.test(JSON.stringify(await gateway.status())),
    );

    // mosquitto answers a denied publish, or ends the connection.
    await expect
      .poll(() => gateway.status())
      .toMatchObject({
        ...{ jobs: { state: 'listening' }, configuration: { state: 'without' } },
      });
    expect(JSON.stringify(await gateway.status())).toMatch(/"reconnects":[01]\b/);
    await readingsGoOn();
  });
});
