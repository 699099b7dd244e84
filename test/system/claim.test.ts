// Cards with a claim at mosquitto over mutual TLS: `enroll --claim` as a process, killed and cut off at each step.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../../src/certificate/certificate-authority.ts';
import { readProgress } from '../../src/certificate/claim-folder.ts';
import { DeviceCredentials } from '../../src/certificate/device-credentials.ts';
import { type KeyPair, renewalsIn } from '../../src/certificate/key-pairs.ts';
import { loadConfig } from '../../src/config/load.ts';
import { awsConnect } from '../../src/mqtt/aws-connection.ts';
import { ReconnectingPublisher } from '../../src/mqtt/reconnecting-publisher.ts';
import { connectWithCredentials } from '../../src/mqtt/station-connection.ts';
import { Renewal } from '../../src/remote/renewal.ts';
import { systemClock } from '../../src/time/clock.ts';
import { untilLink } from '../contract/publisher.ts';
import { FleetDouble, type Message } from '../fakes/fleet-provisioning.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { until } from './gateway-process.ts';
import { createMosquitto, type Mosquitto } from './mosquitto.ts';
import { type ReservedTopics, serveReservedTopics } from './reserved-topics.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SERIAL = '10000000abcdef01';
const TEMPLATE = 'fleet';
const CREATE = '$aws/certificates/create-from-csr/json';
const REGISTER = `$aws/provisioning-templates/${TEMPLATE}/provision/json`;

/** What the policies of the stack allow: the claim two requests and their answers, a station its own topics. */
const ACCESS = [
  'user aws',
  'topic readwrite #',
  'topic readwrite $aws/#',
  'user claim',
  ...[CREATE, REGISTER].flatMap((topic) => [
    `topic write ${topic}`,
    `topic read ${topic}/accepted`,
    `topic read ${topic}/rejected`,
  ]),
  'pattern write weather/%c/+',
  // A station has the policy of the claim, too.
  ...[CREATE, REGISTER].flatMap((topic) => [
    `pattern write ${topic}`,
    `pattern read ${topic}/accepted`,
    `pattern read ${topic}/rejected`,
  ]),
];

const certificateIdOf = (pem: string): string =>
  createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');

describe('a card with a claim', () => {
  let folder: string;
  let mosquitto: Mosquitto;
  let fleet: FleetDouble;
  let aws: ReservedTopics;
  let claim: Identity;
  let child: ChildProcess | undefined;
  let onRequest: (request: Message, moment: 'before' | 'after') => Promise<void>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'card-'));
    onRequest = () => Promise.resolve();
    mosquitto = await createMosquitto({ access: ACCESS });
    await mosquitto.start();
    const { authority, port } = mosquitto;
    fleet = new FleetDouble(authority, TEMPLATE);
    fleet.listed.set(SERIAL, { id: '17', name: 'UK-Lancing' });
    aws = await serveReservedTopics({
      port,
      rootCa: authority.certificate,
      identity: await authority.issueClient('aws'),
      fleet,
      onRequest: (request, moment) => onRequest(request, moment),
    });
    claim = await authority.issueClient('claim');
    await makeCard();
  });
  afterEach(async () => {
    child?.kill('SIGKILL');
    await aws.close();
    await mosquitto.dispose();
    await rm(folder, { recursive: true });
  });

  const file = (name: string): string => join(folder, name);

  /** As it is on every card of the fleet: the key that the installer made, and a configuration of no station. */
  const makeCard = async (): Promise<void> => {
    await rm(file('claim'), { recursive: true, force: true });
    await rm(file('device.pem'), { force: true });
    await mkdir(file('claim'));
    await writeFile(
      file('claim/claim.yaml'),
      `endpoint: localhost\ntemplate: ${TEMPLATE}\nserialNumber: ${SERIAL}\n`,
    );
    await writeFile(file('claim/claim.pem'), claim.certificate);
    await writeFile(file('claim/claim.key'), claim.privateKey);
    await writeFile(file('ca.pem'), mosquitto.authority.certificate);
    await writeFile(file('device.key'), claim.privateKey);
    await writeFile(
      file('gateway.yaml'),
      [
        'station: { id: "1", name: Card } # of no station',
        'aws:',
        '  endpoint: localhost',
        `  port: ${mosquitto.port}`,
        `  certificate: ${file('device.pem')}`,
        '  privateKey: credential:device.key',
        `  rootCa: ${file('ca.pem')}`,
        'reporting: { intervalSeconds: 1 }',
        `outbox: { directory: ${file('state')} }`,
        'http: { port: 0 }',
        '',
      ].join('\n'),
      { mode: 0o640 },
    );
  };

  const start = (...args: string[]): ChildProcess => {
    child = spawn(process.execPath, [MAIN, ...args, '--config', file('gateway.yaml')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return child;
  };
  const enroll = async () => {
    const started = start('enroll', '--claim');
    const { stdout, stderr } = started;
    if (stdout === null || stderr === null) throw new Error('no output');
    const exited = once(started, 'exit');
    const [out, err] = await Promise.all([text(stdout), text(stderr)]);
    await exited;
    return { status: started.exitCode, signal: started.signalCode, out, err };
  };
  const expectStation = async (): Promise<void> => {
    const [certificate, privateKey] = await Promise.all(
      ['device.pem', 'device.key'].map((name) => readFile(file(name), 'utf8')),
    );
    expect(fleet.registered.get('17')).toContain(certificate);
    expect(new X509Certificate(certificate ?? '').checkPrivateKey(createPrivateKey(privateKey ?? ''))).toBe(
      true,
    );
    expect(privateKey).not.toBe(claim.privateKey);
    expect(existsSync(file('claim'))).toBe(false);
    const { config } = await loadConfig(file('gateway.yaml'));
    expect(config?.station).toEqual({ id: '17', name: 'UK-Lancing' });
    expect(config?.aws).toMatchObject({ endpoint: 'localhost', topicPrefix: 'weather' });
  };

  it('becomes a station that sends its readings with its own certificate, and the claim is gone', async () => {
    expect(await enroll()).toEqual({
      status: 0,
      signal: null,
      out: 'this card is station 17, UK-Lancing; the claim is removed\n',
      err: '',
    });

    await expectStation();
    expect((await stat(file('device.key'))).mode & 0o777).toBe(0o600);
    expect((await stat(file('gateway.yaml'))).mode & 0o777).toBe(0o640);
    expect(await readFile(file('gateway.yaml'), 'utf8')).toContain('# of no station');
    expect(await enroll()).toMatchObject({ status: 1, err: expect.stringContaining('there is no claim') });

    start('run', '--simulate').stdout?.resume();
    await until('a reading of station 17', () =>
      aws.readings.some(({ topic }) => topic === 'weather/17/reading'),
    );
  });

  it('is the station that it became when it was killed before the folder of its claim was removed', async () => {
    await enroll();
    await mkdir(file('claim'));

    expect(await enroll()).toMatchObject({
      status: 0,
      out: 'this card is station 17, UK-Lancing; the claim is removed\n',
      err: '',
    });

    await expectStation();
  });

  it('connects under the id that the policy of the claim allows alone', async () => {
    const ids: string[] = [];
    await mosquitto.dispose();
    mosquitto = await createMosquitto({ access: ACCESS, onLog: (line) => ids.push(line) });
    await mosquitto.start();
    claim = await mosquitto.authority.issueClient('claim');
    await makeCard();
    start('enroll', '--claim');
    await until(
      'a connection',
      () => ids.some((line) => line.includes(`claim-${certificateIdOf(claim.certificate)}`)),
      20_000,
    );
  });

  it.each<[string, string, 'before' | 'after']>([
    ['when its request has arrived', CREATE, 'before'],
    ['when its certificate is sent', CREATE, 'after'],
    ['when its registration has arrived', REGISTER, 'before'],
    ['when its registration is answered', REGISTER, 'after'],
  ])('is continued with the same key after kill -9 %s', async (_, topic, moment) => {
    onRequest = async (request, when) => {
      if (request.topic !== topic || when !== moment) return;
      onRequest = () => Promise.resolve();
      child?.kill('SIGKILL');
      await delay(50);
    };
    expect(await enroll()).toMatchObject({ status: null, signal: 'SIGKILL' });
    const before = await readProgress(file('claim/progress.json'), SERIAL);

    expect(await enroll()).toMatchObject({ status: 0, err: '' });

    await expectStation();
    expect(await readFile(file('device.key'), 'utf8')).toBe(before?.privateKey);
  });

  it('is continued after kill -9 at any moment of taking over what it got', async () => {
    let kills = 0;
    for (let afterMs = 0; afterMs <= 60; afterMs += 6) {
      await makeCard();
      onRequest = async (request, moment) => {
        if (request.topic !== REGISTER || moment !== 'after') return;
        onRequest = () => Promise.resolve();
        await delay(afterMs);
        child?.kill('SIGKILL');
      };
      const cut = await enroll();
      if (cut.signal === 'SIGKILL') kills += 1;
      onRequest = () => Promise.resolve();

      if (existsSync(file('claim'))) expect(await enroll()).toMatchObject({ status: 0, err: '' });
      await expectStation();
      // The next card has a key of its own.
      fleet.forget('17');
    }
    expect(kills).toBeGreaterThan(2);
  });

  it.each([CREATE, REGISTER])('waits for a broker that goes with the request on %s', async (topic) => {
    onRequest = async (request, moment) => {
      if (request.topic !== topic || moment !== 'before') return;
      onRequest = () => Promise.resolve();
      await mosquitto.stop('SIGKILL');
      setTimeout(() => void mosquitto.start(), 500);
    };

    const { status, out, err } = await enroll();

    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/; it asks again, at growing intervals\n/);
    await expectStation();
  });

  it('says once that nobody has listed it, and how it is listed', async () => {
    fleet.listed.clear();
    const ended = enroll();
    await until(
      'a refusal',
      async () => (await readProgress(file('claim/progress.json'), SERIAL))?.issued !== undefined,
    );
    await delay(500);
    child?.kill('SIGTERM');

    const { status, out, err } = await ended;
    expect({ status, err }).toEqual({ status: 1, err: '' });
    expect(out).toBe(
      `board ${SERIAL} is not let in: npm run cloud:enroll -- --list ID --serial ${SERIAL} --station NAME lists it; it asks again, at growing intervals\n`,
    );
    fleet.listed.set(SERIAL, { id: '17', name: 'UK-Lancing' });
    expect(await enroll()).toMatchObject({ status: 0 });
    await expectStation();
  });

  it('leaves a station alone that has a certificate', async () => {
    expect((await enroll()).status).toBe(0);
    const before = await readFile(file('device.pem'), 'utf8');
    await mkdir(file('claim'));
    await writeFile(
      file('claim/claim.yaml'),
      `endpoint: localhost\ntemplate: ${TEMPLATE}\nserialNumber: ${SERIAL}\n`,
    );

    expect(await enroll()).toMatchObject({
      status: 1,
      err: expect.stringContaining('is the certificate of a station already'),
    });
    expect(await readFile(file('device.pem'), 'utf8')).toBe(before);
  });

  it.each([
    ['claim.yaml', 'endpoint: https://x\n', 'a host name without scheme'],
    ['claim.yaml', 'endpoint: localhost\n', 'template'],
    ['claim.pem', 'nothing', 'do not belong together'],
  ])('names what is wrong with %s of %j in one line', async (name, content, said) => {
    await writeFile(file(`claim/${name}`), content);

    const { status, err } = await enroll();

    expect(status).toBe(1);
    expect(err).toContain(said);
    expect(err).not.toMatch(/\n {4}at /);
  });

  it('renews its certificate over a second connection, while its readings go on over the first', async () => {
    fleet.members.add('17');
    const { authority, port } = mosquitto;
    const device = await authority.issueClient('17', {
      notBefore: new Date(Date.now() - 86_400_000),
      notAfter: new Date(Date.now() + 3_600_000),
    });
    await writeFile(file('device.pem'), device.certificate);
    await writeFile(file('device.key'), device.privateKey);
    const renewals = renewalsIn(file('state'));
    const log = createRecordingLog();
    const credentials = new DeviceCredentials({
      files: { certificate: file('device.pem'), privateKey: file('device.key'), renewals },
      clock: systemClock,
      log,
    });
    const connectAs = (pair: KeyPair, clientId: string) =>
      awsConnect({
        endpoint: 'localhost',
        port,
        clientId,
        certificate: pair.certificate,
        privateKey: pair.privateKey,
        rootCa: authority.certificate,
      });
    const publisher = new ReconnectingPublisher({
      connect: connectWithCredentials({
        credentials,
        connectWith: (pair) => connectAs(pair, '17'),
        clock: systemClock,
      }),
      clock: systemClock,
      log,
    });
    publisher.start();
    await untilLink(publisher, 'connected');
    const publish = () => publisher.publish('weather/17/reading', '{}');
    expect(await publish()).toEqual({ kind: 'acknowledged' });
    const stop = new AbortController();
    const renewal = new Renewal({
      stationId: '17',
      endpoint: 'localhost',
      template: TEMPLATE,
      renewals,
      credentials,
      connectWith: (pair) => connectAs(pair, `claim-${certificateIdOf(pair.certificate)}`),
      // An hour is over in a second.
      clock: {
        ...systemClock,
        sleep: (ms, signal) => systemClock.sleep(ms < 3_600_000 ? ms : 1_000, signal),
      },
      log,
    }).run(stop.signal);

    await until('a renewed certificate', () => existsSync(join(renewals, 'renewed.pem')));
    expect(await publish()).toEqual({ kind: 'acknowledged' });
    expect(publisher.link().state).toBe('connected');
    publisher.reconnect('test');
    await untilLink(publisher, 'disconnected');
    await untilLink(publisher, 'connected');
    expect(await publish()).toEqual({ kind: 'acknowledged' });

    expect(credentials.current()?.certificate).toBe(fleet.registered.get('17')?.[0]);
    stop.abort();
    await renewal;
    await publisher.stop();
  });
});
