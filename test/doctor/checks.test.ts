import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import { type Choice, DeviceCredentials } from '../../src/certificate/device-credentials.ts';
import { type KeyPair, renewalsIn } from '../../src/certificate/key-pairs.ts';
import { type GatewayConfig, gatewaySchema } from '../../src/config/schema.ts';
import { type Check, type Finding, formatFinding, runChecks } from '../../src/doctor/check.ts';
import { cloudChecks, type RunningDaemon } from '../../src/doctor/cloud-checks.ts';
import { hardwareChecks, machineChecks } from '../../src/doctor/machine-checks.ts';
import { I2cError } from '../../src/i2c/i2c-bus.ts';
import { type Connect, ConnectError, type PublishResult } from '../../src/mqtt/publisher.ts';
import type { TlsExamination } from '../../src/mqtt/tls-examination.ts';
import type { ScenarioEvent } from '../../src/simulation/scenario.ts';
import { openSimulatedStation } from '../../src/simulation/simulated-station.ts';
import { systemClock } from '../../src/time/clock.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createFakeEdgeSource } from '../fakes/edge-source.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { usualInstruments } from '../fakes/simulated-station.ts';

const configOf = (changes: object = {}): GatewayConfig =>
  gatewaySchema.parse({
    station: { id: 's1', name: 'A' },
    aws: { endpoint: '127.0.0.1', certificate: '/c.pem', privateKey: '/c.key' },
    ...changes,
  });

const credentialsOf = ({ aws }: GatewayConfig, directory: string): DeviceCredentials =>
  new DeviceCredentials({
    files: { certificate: aws.certificate, privateKey: aws.privateKey, renewals: renewalsIn(directory) },
    clock: systemClock,
    log: createRecordingLog(),
  });

const examine = async (steps: readonly Check[]): Promise<Record<string, Finding>> =>
  Object.fromEntries((await runChecks(steps, systemClock, () => undefined)).map((each) => [each.name, each]));

describe('taking the steps of the doctor', () => {
  it('takes all of them, tells of each at once and gives each failing one its remedy', async () => {
    const told: string[] = [];
    const steps: Check[] = [
      { name: 'one', remedy: 'plug it in', run: () => Promise.reject(new Error('no power')) },
      { name: 'two', remedy: 'never shown', run: () => Promise.resolve('fine') },
    ];

    const findings = await runChecks(steps, systemClock, (each) => told.push(formatFinding(each)));

    expect(told).toEqual(['FAIL  one: no power\n      -> plug it in\n', ' ok   two: fine\n']);
    expect(findings.map(({ isPassed }) => isPassed)).toEqual([false, true]);
  });

  it('goes on when a step never answers', async () => {
    const clock = createManualClock({ isAutomatic: true });
    const step: Check = { name: 'hung', remedy: 'unplug it', run: () => new Promise(() => undefined) };

    expect(await runChecks([step], clock, () => undefined)).toEqual([
      { name: 'hung', isPassed: false, detail: 'no answer within 30 s', remedy: 'unplug it' },
    ]);
  });
});

describe('the hardware steps', () => {
  const findingsIn = (
    events: ScenarioEvent[],
    daemonFaults: ReadonlyMap<string, string> | null = null,
    edgeFault: Error | null = null,
  ) =>
    examine(
      hardwareChecks({
        instruments: usualInstruments,
        i2cBus: 1,
        clock: systemClock,
        openBuses: async () => {
          const scenario = { name: 'test', seed: 1, events };
          const { buses } = await openSimulatedStation({
            clock: systemClock,
            instruments: usualInstruments,
            scenario,
          });
          const edgeSource = createFakeEdgeSource({ fault: edgeFault });
          edgeSource.close = () => Promise.resolve();
          return edgeFault === null ? buses : { ...buses, edgeSource };
        },
        daemonFaults: () => Promise.resolve(daemonFaults),
      }),
    );
  const east = { kind: 'weather', fromSeconds: 0, rampSeconds: 0, windDirectionDegrees: 90, gustiness: 0 };

  it('pass at a station that works', async () => {
    const findings = await findingsIn([{ ...east, kind: 'weather' }]);

    expect(Object.values(findings).map(({ name, isPassed }) => [name, isPassed])).toEqual([
      ['buses', true],
      ['BME280', true],
      ['wind vane', true],
      ['GPIO lines', true],
    ]);
    expect(findings['BME280']?.detail).toMatch(/^chip id 0x60 at 0x76; -?\d+\.\d °C, \d+ %RH, \d+\.\d hPa$/);
    expect(findings['wind vane']?.detail).toBe('0.300 V at input 0 of 0x48, 1000 Ω; wind from 90°');
    expect(findings['GPIO lines']?.detail).toBe('BCM 5 and 6 can be watched, with stamps of the kernel');
  });

  it('say what to look at when chips do not answer', async () => {
    const findings = await findingsIn([
      { kind: 'busError', chip: 'bme280', code: 'EREMOTEIO', fromSeconds: 0 },
      { kind: 'busError', chip: 'ads1115', code: 'EREMOTEIO', fromSeconds: 0 },
    ]);

    for (const name of ['BME280', 'wind vane'])
      expect(findings[name]).toMatchObject({
        isPassed: false,
        detail: expect.stringContaining('nothing answers'),
        remedy: expect.stringContaining('check its supply, SDA'),
      });
  });

  it('say that a BMP280 was sold as a BME280', async () => {
    const findings = await findingsIn([{ kind: 'bmp280' }]);

    expect(findings['BME280']).toMatchObject({
      isPassed: true,
      detail: expect.stringMatching(
        /^chip id 0x58 at 0x76; -?\d+\.\d °C, no humidity: it is a BMP280, which measures none, \d+\.\d hPa$/,
      ),
    });
  });

  it('tell an open vane', async () => {
    const findings = await findingsIn([{ kind: 'openVane', fromSeconds: 0 }]);

    expect(findings['wind vane']).toMatchObject({
      isPassed: false,
      detail: expect.stringContaining('is open: cable, plug or pull-up'),
    });
  });

  it('leave the lines to a running daemon', async () => {
    const findings = await findingsIn([], new Map([['bme280', 'nothing answers']]));

    expect(findings['GPIO lines']).toMatchObject({
      isPassed: true,
      detail: 'BCM 5 and 6 are held by the running daemon',
    });
  });

  it('say what the running daemon lacks to watch the lines', async () => {
    const fault = 'no GPIO chip of a Raspberry Pi';
    const findings = await findingsIn(
      [],
      new Map([
        ['anemometer', fault],
        ['rainGauge', fault],
      ]),
    );

    expect(findings['GPIO lines']).toMatchObject({
      isPassed: false,
      detail: `the running daemon: ${fault}`,
    });
  });

  it('say who to ask for lines that somebody else holds', async () => {
    const findings = await findingsIn([], null, new Error('gpiomon ended: Device or resource busy'));

    expect(findings['GPIO lines']).toMatchObject({
      isPassed: false,
      detail: 'gpiomon ended: Device or resource busy',
      remedy: expect.stringContaining('gpioinfo shows who holds them'),
    });
  });

  it('send nobody to the wires of a chip while I2C is off', async () => {
    const off = () => Promise.reject(new I2cError('ENOENT', { address: 0x76 }));
    const findings = await examine(
      hardwareChecks({
        instruments: usualInstruments,
        i2cBus: 1,
        clock: systemClock,
        openBuses: async () => {
          const { buses } = await openSimulatedStation({ clock: systemClock, instruments: usualInstruments });
          const { i2cBus } = buses;
          const transfers = {
            readBlock: off,
            readWord: off,
            writeByte: off,
            writeWord: off,
            read: off,
            write: off,
          };
          return { ...buses, i2cBus: { ...transfers, close: () => i2cBus.close() } };
        },
        daemonFaults: () => Promise.resolve(new Map()),
      }),
    );

    for (const name of ['buses', 'BME280', 'wind vane'])
      expect(findings[name]).toMatchObject({
        isPassed: false,
        detail: expect.stringContaining('the bus is not there'),
        remedy: expect.stringContaining('raspi-config nonint do_i2c 0'),
      });
  });

  it('tell a bus that cannot be read, and what switches it on', async () => {
    const findings = await findingsIn([
      { kind: 'busError', chip: 'bme280', code: 'ETIMEDOUT', fromSeconds: 0 },
    ]);

    expect(findings.buses).toMatchObject({
      isPassed: false,
      detail: expect.stringContaining('(ETIMEDOUT)'),
      remedy: expect.stringContaining('raspi-config'),
    });
  });

  it('send nobody to the wiring when the package for I2C is not usable', async () => {
    const findings = await examine(
      hardwareChecks({
        instruments: usualInstruments,
        i2cBus: 1,
        clock: systemClock,
        openBuses: () => Promise.reject(new Error('The package i2c-bus is not usable')),
        daemonFaults: () => Promise.resolve(null),
      }),
    );

    for (const finding of Object.values(findings))
      expect(finding).toMatchObject({
        isPassed: false,
        detail: 'The package i2c-bus is not usable',
        remedy: expect.stringContaining('install.sh again'),
      });
  });

  it('ask only for what the configuration lists', () => {
    const steps = hardwareChecks({
      instruments: [],
      i2cBus: 1,
      clock: systemClock,
      openBuses: () => Promise.reject(new Error('not asked')),
      daemonFaults: () => Promise.resolve(null),
    });

    expect(steps.map(({ name }) => name)).toEqual(['buses']);
  });
});

describe('the steps of the machine', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'doctor-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const DAY_MS = 86_400_000;
  const nowMs = Date.UTC(2026, 5, 1);
  const validForDays = (days: number) => ({
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + days * DAY_MS),
  });

  const findingsWith = async (changes: {
    readonly elevationMetres?: number;
    days?: number;
    isOtherKey?: boolean;
    isSynchronized?: boolean;
    wallMs?: number;
    directory?: string;
    freeBytes?: number;
    keyMode?: number;
  }) => {
    const authority = await createCertificateAuthority('CA');
    const mine = await authority.issueClient('s1', validForDays(changes.days ?? 365));
    const other = await authority.issueClient('s1', validForDays(365));
    await writeFile(join(directory, 'c.pem'), mine.certificate);
    await writeFile(join(directory, 'c.key'), (changes.isOtherKey === true ? other : mine).privateKey);
    const aws = {
      endpoint: '127.0.0.1',
      certificate: join(directory, 'c.pem'),
      privateKey: join(directory, 'c.key'),
    };
    const isSynchronized = () => Promise.resolve(changes.isSynchronized ?? true);
    await chmod(join(directory, 'c.key'), changes.keyMode ?? 0o600);
    const { elevationMetres = 750 } = changes;
    const station = { id: 's1', name: 'A', elevationMetres };
    const config = configOf({ station, aws, outbox: { maxMegabytes: 8 } });
    return examine(
      machineChecks({
        config,
        configFile: join(directory, 'gateway.yaml'),
        credentials: credentialsOf(config, directory),
        directory: changes.directory ?? directory,
        synchronization: { isSynchronized, wasSynchronizedInThisBoot: isSynchronized },
        wallMs: () => changes.wallMs ?? nowMs,
        ...(changes.freeBytes === undefined
          ? {}
          : { freeBytesAt: () => Promise.resolve(changes.freeBytes ?? 0) }),
      }),
    );
  };

  it('pass on a machine in order', async () => {
    const findings = await findingsWith({});

    expect(findings['certificate']).toMatchObject({
      isPassed: true,
      detail: 'belongs to the key, 365 days left',
    });
    expect(findings['clock']).toMatchObject({ isPassed: true, detail: 'synchronized' });
    expect(findings['disk']?.detail).toMatch(/^\d+ MB free at .*, the outbox may take 8$/);
  });

  it.each([
    {
      what: 'a certificate that soon ends',
      changes: { days: 29 },
      name: 'certificate',
      detail: '29 days left',
      remedy: 'enroll --force',
    },
    {
      what: 'one that ended',
      changes: { days: -1 },
      name: 'certificate',
      detail: '-1 days left',
      remedy: 'enroll --force',
    },
    {
      what: 'one for another key',
      changes: { isOtherKey: true },
      name: 'certificate',
      detail: 'issued for another key',
      remedy: 'enroll --force',
    },
    {
      what: 'a clock in the past',
      changes: { wallMs: 0 },
      name: 'certificate',
      detail: 'not valid before',
      remedy: 'set the clock',
    },
    {
      what: 'a clock nobody set',
      changes: { isSynchronized: false },
      name: 'clock',
      detail: 'not synchronized',
      remedy: 'timedatectl set-ntp',
    },
    {
      what: 'no directory',
      changes: { directory: '/nowhere' },
      name: 'disk',
      detail: 'ENOENT',
      remedy: 'makes /nowhere',
    },
    {
      what: 'a full disk',
      changes: { freeBytes: 7_999_999 },
      name: 'disk',
      detail: '7 MB free',
      remedy: 'free disk space',
    },
  ])('tell $what and the remedy', async ({ changes, name, detail, remedy }) => {
    const findings = await findingsWith(changes);

    expect(findings[name]).toMatchObject({
      isPassed: false,
      detail: expect.stringContaining(detail),
      remedy: expect.stringContaining(remedy),
    });
  });

  it('say why there is no sea-level pressure so high up, which is no fault', async () => {
    const { elevation } = await findingsWith({ elevationMetres: 751 });

    expect(elevation).toMatchObject({ isPassed: true, remedy: null });
    expect(elevation?.detail).toMatch(/^sea-level pressure is not computed above 750 m .* assumed/);
    expect((await findingsWith({}))['elevation']).toBeUndefined();
  });

  it('name a key that every user can read', async () => {
    const { secrets } = await findingsWith({ keyMode: 0o644 });

    expect(secrets).toMatchObject({
      isPassed: false,
      detail: `readable by every user: ${join(directory, 'c.key')}`,
      remedy: `sudo chmod o= ${join(directory, 'c.key')}`,
    });
    expect((await findingsWith({}))['secrets']).toMatchObject({ isPassed: true });
  });

  it('say how to come by a certificate that is not there', async () => {
    const config = configOf({ aws: { endpoint: 'e', certificate: '/nowhere.pem', privateKey: '/n.key' } });
    const synchronized = () => Promise.resolve(true);

    const { certificate } = await examine(
      machineChecks({
        config,
        configFile: '/nowhere.yaml',
        credentials: credentialsOf(config, directory),
        directory,
        synchronization: { isSynchronized: synchronized, wasSynchronizedInThisBoot: synchronized },
        wallMs: () => nowMs,
      }),
    );

    expect(certificate?.remedy).toBe('sudo weather-gateway enroll, then the certificate to /nowhere.pem');
  });
});

describe('the steps to the cloud', () => {
  const published: string[] = [];
  const connectGiving =
    (result: PublishResult): Connect =>
    () =>
      Promise.resolve({
        ended: new Promise(() => undefined),
        publish: (topic, payload) => {
          published.push(`${topic} ${payload}`);
          return Promise.resolve(result);
        },
        subscribe: () => Promise.reject(new Error('doctor subscribes to nothing')),
        close: () => Promise.resolve(),
      });
  const pair: KeyPair = {
    certificate: '',
    privateKey: '',
    fingerprint: '',
    validFromMs: 0,
    validToMs: 0,
    certificateFile: '/c.pem',
  };
  const good = { isGood: true, text: 'e:8883 (192.0.2.1), TLSv1.3, issued by Amazon', remedy: '' };
  type Configured = { readonly config?: GatewayConfig; readonly choice?: Choice };
  const faults: ReadonlyMap<string, string> = new Map();
  const findingsWith = (
    connect: Connect,
    daemon: RunningDaemon = { kind: 'not running' },
    examination: TlsExamination = good,
    { config = configOf({}), choice = { pair, isTrial: false, problems: [] } }: Configured = {},
  ) =>
    examine(
      cloudChecks({
        config,
        credentials: { preview: () => Promise.resolve(choice) },
        connection: { with: () => connect, examine: () => Promise.resolve(examination) },
        daemon: () => Promise.resolve(daemon),
        signal: new AbortController().signal,
      }),
    );

  it('pass where the endpoint answers and acknowledges', async () => {
    const findings = await findingsWith(connectGiving({ kind: 'acknowledged' }));

    expect(findings).toMatchObject({
      TLS: { isPassed: true, detail: good.text },
      publish: { isPassed: true, detail: 'acknowledged on weather/s1/status' },
    });
    expect(published).toEqual(['weather/s1/status {"deviceid":"s1","state":"offline"}']);
  });

  it('say what is wrong with the way there, and what to do', async () => {
    const findings = await findingsWith(
      () => Promise.reject(new ConnectError({ kind: 'unreachable', reason: 'the port is closed' })),
      { kind: 'not running' },
      { isGood: false, text: 'the port is closed', remedy: 'does a firewall let the port out?' },
    );

    expect(findings).toMatchObject({
      TLS: { isPassed: false, detail: 'the port is closed', remedy: 'does a firewall let the port out?' },
      publish: { isPassed: false, detail: 'the port is closed', remedy: expect.stringContaining('router') },
    });
  });

  it('send a station as shipped to setup and to its certificate, and to no firewall', async () => {
    const problem = 'the certificate /c.pem cannot be used: no such file';
    const choice = { pair: null, isTrial: false, problems: [problem] };
    const shipped = configOf({
      aws: { endpoint: 'localhost', certificate: '/c.pem', privateKey: '/c.key' },
    });
    const closed = { isGood: false, text: 'the port is closed', remedy: 'does a firewall let the port out?' };
    const link = { state: 'disconnected', reason: problem, problem };
    const never: Connect = () => Promise.reject(new Error('never called'));

    for (const daemon of [{ kind: 'not running' }, { kind: 'running', faults, link }] as const)
      expect(await findingsWith(never, daemon, closed, { config: shipped, choice })).toMatchObject({
        TLS: { isPassed: false, remedy: expect.stringContaining('sudo weather-gateway setup asks for it') },
        publish: {
          isPassed: false,
          detail: expect.stringContaining(problem),
          remedy: expect.stringContaining('the certificate above'),
        },
      });
  });

  it('tell a refusal', async () => {
    const refused = {
      kind: 'refused',
      reasonCode: 0x87,
      reason: 'not authorized',
      isPermanent: false,
    } as const;

    const findings = await findingsWith(connectGiving(refused));

    expect(findings['publish']).toMatchObject({
      isPassed: false,
      detail: 'refused on weather/s1/status: not authorized',
    });
  });

  it('ask the running daemon, and never connect with its id', async () => {
    const connect: Connect = () => Promise.reject(new Error('never called'));
    const publishCheck = async (daemon: RunningDaemon) => (await findingsWith(connect, daemon))['publish'];

    expect(await publishCheck({ kind: 'running', faults, link: { state: 'connected' } })).toMatchObject({
      isPassed: true,
      detail: 'the running daemon is connected',
    });
    expect(
      await publishCheck({ kind: 'running', faults, link: { state: 'disconnected', reason: 'no route' } }),
    ).toMatchObject({ isPassed: false, detail: 'the running daemon is disconnected: no route' });
    expect(
      await publishCheck({
        kind: 'running',
        faults,
        link: { state: 'connected', problem: 'another client uses this id' },
      }),
    ).toMatchObject({
      isPassed: false,
      detail: 'the running daemon is connected: another client uses this id',
      remedy: expect.stringContaining('its own station.id'),
    });
    const refused = [{ topic: 'weather/s1/prealert', reason: 'not authorized (0x87)' }];
    expect(
      await publishCheck({ kind: 'running', faults, link: { state: 'connected', refused } }),
    ).toMatchObject({
      isPassed: false,
      detail: 'the running daemon is refused on weather/s1/prealert: not authorized (0x87)',
      remedy: expect.stringContaining('policy'),
    });
    expect(await publishCheck({ kind: 'unknown', reason: 'use sudo' })).toMatchObject({
      isPassed: false,
      detail: 'not tried, as a daemon with this id may be connected: use sudo',
    });
  });
});
