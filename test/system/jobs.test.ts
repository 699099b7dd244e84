import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startConnectProxy } from './connect-proxy.ts';
import { createGatewayProcess, type GatewayProcess, logOf, until } from './gateway-process.ts';
import { type JobsCloud, startJobsCloud } from './jobs-cloud.ts';
import { createMosquitto, type Mosquitto } from './mosquitto.ts';
import { startUnsubscribableBroker } from './unsubscribable-broker.ts';

const ENDPOINT = 'test-ats.iot.eu-west-1.amazonaws.com';
const BUCKET = 'weather-errors.s3.eu-west-1.amazonaws.com';

/** What the policy in cloud/stack/devices.ts grants, in mosquitto's words. It does not judge SUBSCRIBE, only what is then sent. */
const readings = ['user cloud', 'topic readwrite #', 'topic readwrite $aws/#', 'pattern write weather/%u/+'];
const policy = [
  ...readings,
  'pattern write $aws/things/%u/jobs/start-next',
  'pattern write $aws/things/%u/jobs/+/update',
  'pattern read $aws/things/%u/jobs/notify-next',
  'pattern read $aws/things/%u/jobs/start-next/+',
  'pattern read $aws/things/%u/jobs/+/update/+',
];

describe('jobs over mutual TLS', () => {
  let folder: string;
  let mosquitto: Mosquitto;
  let cloud: JobsCloud;
  let gateway: GatewayProcess;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jobs-'));
  });
  afterEach(async () => {
    await gateway.stop('SIGTERM');
    await cloud?.close();
    await mosquitto?.dispose();
    await rm(folder, { recursive: true });
  });

  type Start = {
    readonly access?: readonly string[];
    readonly aws?: Readonly<Record<string, unknown>>;
    readonly environment?: Readonly<Record<string, string>>;
  };

  const start = async ({ access = policy, aws = {}, environment = {} }: Start = {}): Promise<void> => {
    mosquitto = await createMosquitto({ access, names: [ENDPOINT] });
    const { authority, port } = mosquitto;
    await mosquitto.start();
    const identity = await authority.issueClient('cloud');
    cloud = await startJobsCloud({ port, rootCa: authority.certificate, identity, station: '1' });
    gateway = await createGatewayProcess({
      stationId: '1',
      folder,
      outboxDirectory: join(folder, 'outbox'),
      brokerPort: port,
      rootCa: authority.certificate,
      device: await authority.issueClient('1'),
      speed: 1,
      aws,
      environment,
    });
    gateway.start();
  };

  const isTerminal = (jobId: string): boolean =>
    /SUCCEEDED|FAILED|REJECTED/.test(cloud.service.stateOf(jobId)?.status ?? '');
  const done = (jobId: string): Promise<void> => until(`${jobId} is done`, () => isTerminal(jobId));

  /** Some more arrive, and none was left out. */
  const readingsGoOn = async (): Promise<void> => {
    const before = cloud.seqs.length;
    await until('readings go on', () => cloud.seqs.length >= before + 3);
    const distinct = [...new Set(cloud.seqs)];
    expect(distinct).toEqual(distinct.map((_, index) => index + 1));
  };

  it('are done in order under the policy, and answered, while readings go on', async () => {
    await start();
    const { service } = cloud;
    service.add('ask', { verb: 'doctor' });
    service.add('louder', { verb: 'log-level', level: 'debug', minutes: 1 });
    service.add('shell', { verb: 'shell', command: 'id' });
    service.add('large', { verb: 'doctor', filler: 'x'.repeat(32_000) });

    for (const { jobId } of service.executions) await done(jobId);

    expect(service.stateOf('ask')).toMatchObject({
      status: 'SUCCEEDED',
      statusDetails: { passed: expect.stringContaining('publish') },
    });
    expect(service.stateOf('louder')).toMatchObject({ status: 'SUCCEEDED' });
    expect(service.stateOf('shell')).toMatchObject({
      status: 'REJECTED',
      statusDetails: { allowed: expect.stringContaining('doctor') },
    });
    expect(service.stateOf('large')).toMatchObject({ status: 'REJECTED' });
    // The daemon hears of the last one after the double.
    await expect
      .poll(() => gateway.status())
      .toMatchObject({ jobs: { state: 'listening', problem: null, done: 4 } });
    await readingsGoOn();
  });

  it('survive a broker that goes at each step, and no reading is lost', async () => {
    await start();
    const { service } = cloud;
    // A connection that ends before the first answer tells of an old policy: the station would do without for a day.
    service.add('first', { verb: 'doctor' });
    await done('first');
    const restarted: Promise<void>[] = [];
    const breakOnce = (isMoment: (topic: string) => boolean, isAnswered: boolean): void => {
      service.deliver = (answer) => {
        if (!isMoment(answer.topic)) return [answer];
        service.deliver = (next) => [next];
        restarted.push(mosquitto.stop('SIGKILL').then(() => mosquitto.start()));
        return isAnswered ? [answer] : [];
      };
    };
    for (const isAnswered of [false, true])
      for (const step of ['start-next', 'update']) {
        const jobId = `${step}-${isAnswered}`;
        breakOnce((topic) => topic.includes(`/${step}/`), isAnswered);
        service.add(jobId, { verb: 'doctor' });
        await done(jobId);
        expect(service.stateOf(jobId)).toMatchObject({ status: 'SUCCEEDED' });
      }
    await Promise.all(restarted);

    expect(restarted.length).toBe(4);
    await readingsGoOn();
  });

  it('hear only what is theirs: answers that come twice, late, as garbage or for others change nothing', async () => {
    await start();
    const { service } = cloud;
    service.deliver = (answer) => [
      { ...answer, payload: '{"clientToken":"late","execution":{}}' },
      { ...answer, payload: '\u0000\uffff' },
      { ...answer, topic: answer.topic.replace('/things/1/', '/things/2/') },
      answer,
      answer,
    ];
    service.add('ask', { verb: 'doctor' });
    await done('ask');

    expect(service.stateOf('ask')).toMatchObject({ status: 'SUCCEEDED' });
    expect((await logOf(gateway)).match(/a job begins/g)?.length).toBe(1);
    await readingsGoOn();
  });

  it('restart the daemon, which then says so', async () => {
    await start({ environment: { NOTIFY_SOCKET: join(folder, 'no-systemd') } });
    const { service } = cloud;
    await until('readings arrive', () => cloud.seqs.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 62_000));
    service.add('again', { verb: 'restart' });
    await until('the daemon has ended', () => !gateway.isRunning());

    expect(gateway.exitStatus()).toBe(75);
    expect(service.stateOf('again')).toMatchObject({
      status: 'IN_PROGRESS',
      statusDetails: { step: 'restarting' },
    });
    gateway.start();
    await done('again');
    expect(service.stateOf('again')).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('ask for a reboot by a file, take it back when nobody comes, and know another boot', async () => {
    const runtime = join(folder, 'run');
    await mkdir(runtime);
    await start({ environment: { RUNTIME_DIRECTORY: runtime } });
    const { service } = cloud;
    // Of a machine that has been rebooted since.
    const before = service.add('before', { verb: 'reboot' });
    before.statusDetails = { step: 'rebooting', boot: 'another boot' };
    await done('before');
    expect(service.stateOf('before')).toMatchObject({ status: 'SUCCEEDED' });

    service.add('boot', { verb: 'reboot' });
    await until('a reboot is asked for', () => existsSync(join(runtime, 'reboot')));
    expect(service.stateOf('boot')).toMatchObject({
      status: 'IN_PROGRESS',
      statusDetails: { step: 'rebooting' },
    });
    await done('boot');

    expect(service.stateOf('boot')).toMatchObject({ status: 'FAILED' });
    expect(existsSync(join(runtime, 'reboot'))).toBe(false);
    await readingsGoOn();
  });

  it('send diagnostics to the bucket of the region, through the proxy and without secrets', async () => {
    const { promise: received, resolve: receive } = (() => {
      let resolve: (content: Buffer) => void = () => undefined;
      const promise = new Promise<Buffer>((take) => {
        resolve = take;
      });
      return { promise, resolve };
    })();
    let bucketPort: number | undefined;
    const proxy = await startConnectProxy({
      ...{ user: 'mast', password: 'p@ss-w0rd' },
      port: (host) => (host === ENDPOINT ? mosquitto.port : host === BUCKET ? bucketPort : undefined),
    });
    await start({
      aws: { endpoint: ENDPOINT, port: 8883, proxy: `http://mast:p%40ss-w0rd@127.0.0.1:${proxy.port}` },
    });
    const { certificate, privateKey } = await mosquitto.authority.issueServer({ dns: [BUCKET], ip: [] });
    const bucket = createServer({ cert: certificate, key: privateKey }, async (request, response) => {
      receive(await buffer(request));
      response.end();
    }).listen(0, '127.0.0.1');
    await once(bucket, 'listening');
    const address = bucket.address();
    bucketPort = typeof address === 'object' ? address?.port : undefined;
    cloud.service.add('evil', { verb: 'diagnostics', url: 'https://evil.example/?X-Amz-Signature=1' });
    cloud.service.add('send', {
      verb: 'diagnostics',
      url: `https://${BUCKET}/diagnostics/1?X-Amz-Signature=1`,
    });

    const text = gunzipSync(await received).toString();
    await done('send');

    expect(cloud.service.stateOf('evil')).toMatchObject({ status: 'REJECTED' });
    expect(cloud.service.stateOf('send')).toMatchObject({ status: 'SUCCEEDED' });
    expect(JSON.parse(text)).toMatchObject({ status: { jobs: { job: { id: 'send' } } } });
    for (const secret of ['p@ss-w0rd', 'p%40ss-w0rd', 'PRIVATE KEY']) expect(text).not.toContain(secret);
    await readingsGoOn();
    await gateway.stop('SIGTERM');
    bucket.close();
    proxy.close();
  });

  it('are done without where the policy is of before, and readings go on', async () => {
    await start({ access: readings, aws: { remoteConfiguration: false } });
    await until('it does without', async () =>
      /"state":"without"/.test(JSON.stringify(await gateway.status())),
    );

    expect(await gateway.status()).toMatchObject({
      jobs: { problem: expect.stringContaining('not authorized') },
      link: { reconnects: 0 },
    });
    await readingsGoOn();
  });

  it('cost one connection where the SUBSCRIBE ends it, and no reading', async () => {
    await start();
    await gateway.stop('SIGTERM');
    const { authority } = mosquitto;
    const server = await authority.issueServer({ dns: ['localhost'], ip: ['127.0.0.1'] });
    const broker = await startUnsubscribableBroker(server, authority.certificate);
    gateway = await createGatewayProcess({
      stationId: '1',
      folder,
      outboxDirectory: join(folder, 'outbox'),
      brokerPort: broker.port,
      rootCa: authority.certificate,
      device: await authority.issueClient('1'),
      speed: 1,
    });
    gateway.start();
    await until('readings go on', () => broker.seqs.length >= 10);

    expect(broker.subscribes()).toBe(1);
    expect(broker.sessions()).toBe(2);
    const distinct = [...new Set(broker.seqs)];
    expect(distinct).toEqual(distinct.map((_, index) => (distinct[0] ?? 0) + index));
    expect(await gateway.status()).toMatchObject({
      jobs: { state: 'without' },
      link: { reconnects: 1, problem: null },
    });
    await gateway.stop('SIGTERM');
    await broker.close();
  });
});
