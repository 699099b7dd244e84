import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command, shownStatus, statusText } from '../../src/commands/status.ts';
import { runningDaemon } from '../../src/doctor/cloud-checks.ts';
import type { ConfigurationStatus } from '../../src/remote/configuration.ts';
import type { JobsStatus } from '../../src/remote/jobs.ts';
import { daemonSocketIn } from '../../src/status/daemon-socket.ts';
import type { GatewayStatus } from '../../src/status/status.ts';
import { createRecordingContext } from '../fakes/command-context.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

let directory: string;
let daemon: Server;
let answer: { code: number; body: string };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'status-'));
  answer = { code: 200, body: JSON.stringify(createGatewayStatus()) };
  daemon = createServer((request, response) => {
    response.writeHead(answer.code).end(request.url === '/api/status' ? answer.body : '');
  });
  await new Promise<void>((resolve) => daemon.listen(daemonSocketIn(directory), resolve));
});
afterEach(async () => {
  daemon.closeAllConnections();
  daemon.close();
  await rm(directory, { recursive: true });
});

const writeConfig = async (listen = '127.0.0.1', units = 'metric'): Promise<string> => {
  const config = join(directory, 'gateway.yaml');
  await writeFile(
    config,
    JSON.stringify({
      station: { id: '1', name: 'UK-Worthing' },
      aws: { endpoint: 'localhost', certificate: '/c', privateKey: '/k' },
      outbox: { directory },
      http: { listen },
      display: { units },
    }),
  );
  return config;
};

const ask = async (json = false, units = 'metric') => {
  const context = createRecordingContext();
  const status = await command(
    { operands: [], config: await writeConfig('127.0.0.1', units), json },
    context,
  );
  return { status, ...(await context.written()) };
};

describe('status', () => {
  it('tells what the running daemon says, without colour where there is no terminal', async () => {
    expect(await ask()).toEqual({
      status: 0,
      err: '',
      out: `UK-Worthing (station 1): healthy, up 1 d 2 h, version 1.2.3
  reading     18.4 °C · 61 % · 1009.3 hPa · wind 14.4 km/h from SW, gust 25.2 km/h · rain 0.28 mm
              2026-06-01 12:00:00 UTC (synced), 3 s ago
  rain        4.2 mm today, event 6.1 mm since 2026-05-31 21:40:12 UTC
  sun         04:53 to 21:05
  link        connected for 1 h (2 reconnects)
              weather/1/prealert refused for 10 min: not authorized (0x87)
  outbox      0 waiting
              1,042 delivered, 0 set aside, 0 given up
  pre-alerts  none raised, 1 rule
  sensors     bme280 ok
              windVane ok
              anemometer ok
              rainGauge ok
  clock       synchronized
  certificate 214 days left
`,
    });
  });

  it.each([
    [
      'is in colour on a terminal',
      {},
      '\u001b[1mUK-Worthing\u001b[22m (station 1): \u001b[32mhealthy\u001b[39m,',
    ],
    ['has none there either for who wants none', { NO_COLOR: '1' }, 'UK-Worthing (station 1): healthy,'],
  ])('%s', async (_what, environment, beginning) => {
    const config = await writeConfig();
    // A pseudo-terminal by util-linux.
    const { stdout } = await promisify(execFile)(
      'script',
      ['-qec', `"${process.execPath}" --import tsx src/main.ts status --config "${config}"`, '/dev/null'],
      // Of this test's own environment, CI and others decide on colours as well.
      { cwd: root, env: { PATH: process.env['PATH'], TERM: 'xterm-256color', ...environment } },
    );

    expect(stdout.slice(0, beginning.length)).toBe(beginning);
  });

  it('takes no other program at the port of the dashboard for the daemon, and tells it nothing', async () => {
    const heard: string[] = [];
    const foreign = createServer((request, response) => {
      heard.push(request.url ?? '');
      response.end(JSON.stringify(createGatewayStatus()));
    });
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    const { port } = foreign.address() as AddressInfo;
    const empty = join(directory, 'empty');
    const config = join(directory, 'foreign.yaml');
    await writeFile(
      config,
      JSON.stringify({
        station: { id: '1', name: 'UK-Worthing' },
        aws: { endpoint: 'localhost', certificate: '/c', privateKey: '/k' },
        outbox: { directory: empty },
        http: { listen: '127.0.0.1', port, token: '0123456789abcdef' },
      }),
    );
    const context = createRecordingContext();

    expect(await command({ operands: [], config }, context)).toBe(1);
    expect((await context.written()).err).toBe(`weather-gateway: no daemon runs on ${empty}\n`);
    expect(await runningDaemon(empty, AbortSignal.timeout(10_000))).toEqual({ kind: 'not running' });
    expect(heard).toEqual([]);
    foreign.close();
  });

  it('says that the supply was too low, once it was', async () => {
    const { machine } = createGatewayStatus();
    const dropped = { ...machine, underVoltages: 2, lastUnderVoltage: '2026-06-01 11:58:00' };
    answer.body = JSON.stringify(createGatewayStatus({ machine: dropped }));

    expect((await ask()).out).toContain(
      '  supply      too low 2 times since start, last at 2026-06-01 11:58:00 UTC\n',
    );
  });

  it.each([
    [
      'imperial',
      '65.1 °F · 61 % · 29.80 inHg · wind 8.9 mph from SW, gust 15.7 mph · rain 0.011 in',
      '0.17 in today',
    ],
    [
      'mixed',
      '18.4 °C · 61 % · 1009.3 hPa · wind 8.9 mph from SW, gust 15.7 mph · rain 0.28 mm',
      '4.2 mm today',
    ],
  ])('writes %s units where the configuration wants them', async (units, reading, rain) => {
    const { out } = await ask(false, units);

    expect(out).toContain(`  reading     ${reading}\n`);
    expect(out).toContain(`  rain        ${rain}`);
    expect(JSON.parse((await ask(true, units)).out)).toEqual(createGatewayStatus());
  });

  it.each<[Partial<GatewayStatus>, string]>([
    [{ sun: { up: 'always', sunrise: null, sunset: null } }, '  sun         does not set today\n'],
    [{ sun: { up: 'never', sunrise: null, sunset: null } }, '  sun         does not rise today\n'],
    [{ rain: { date: '2026-06-01', todayMm: 0, event: null } }, '  rain        0.0 mm today\n'],
    [
      {
        rain: {
          date: '2026-06-01',
          todayMm: null,
          event: { mm: 2, from: '2026-05-31 01:00:00', to: '2026-05-31 02:00:00', isOver: true },
        },
      },
      '  rain        – today, event 2.0 mm since 2026-05-31 01:00:00 UTC, until 2026-05-31 02:00:00 UTC\n',
    ],
  ])('tells of rain and sun: %j', async (changes, line) => {
    answer.body = JSON.stringify(createGatewayStatus(changes));

    expect((await ask()).out).toContain(line);
  });

  it('says nothing of rain and sun where nothing is known', async () => {
    const nothing = { rain: { date: '2026-06-01', todayMm: null, event: null }, sun: null };
    answer.body = JSON.stringify(createGatewayStatus(nothing));

    expect((await ask()).out).not.toMatch(/^ {2}(rain|sun)/m);
  });

  it('gives the answer as it is with --json', async () => {
    const { status, out } = await ask(true);

    expect(status).toBe(0);
    expect(JSON.parse(out)).toEqual(createGatewayStatus());
  });

  it('prints no escape sequence that came from outside', async () => {
    const { station } = createGatewayStatus();
    answer.body = JSON.stringify(
      createGatewayStatus({ station: { ...station, name: 'A\u001b[2J\u009b2J' } }),
    );

    expect((await ask()).out).toMatch(/^A\\u001b\[2J\\u009b2J \(station 1\)/);
    const { out } = await ask(true);
    expect(out).not.toContain('\u009b');
    expect(JSON.parse(out).station.name).toBe('A\u001b[2J\u009b2J');
  });

  it('fails with a sentence when no daemon runs', async () => {
    daemon.close();
    const { status, err } = await ask();

    expect(status).toBe(1);
    expect(err).toBe(`weather-gateway: no daemon runs on ${directory}\n`);
  });

  it('says when the answer is none', async () => {
    answer.body = '{"version":"9"}';
    expect((await ask()).err).toContain('of another version');
    answer.body = '<html>';
    expect((await ask()).err).toContain('the daemon does not answer');
  });

  it('prints the problems of a bad configuration', async () => {
    const context = createRecordingContext();
    const status = await command({ operands: [], config: await writeConfig('not an address') }, context);

    expect(status).toBe(78);
    expect((await context.written()).err).toContain('http.listen');
  });
});

describe('the text of a status', () => {
  const show = (changes: Partial<GatewayStatus>): string =>
    statusText(shownStatus.parse(createGatewayStatus(changes)), (tone, text) => `<${tone}>${text}</>`);

  it('paints trouble red and what needs attention yellow', () => {
    const { outbox, latest } = createGatewayStatus();
    const text = show({
      latest: latest && { ...latest, humidity: null, quality: { humidity: 'missing:no-answer' } },
      instruments: [
        {
          name: 'bme280',
          title: 'BME280, air',
          state: 'failing',
          errors: 41,
          lastFault: { code: 'no-answer', message: 'nothing answers', datetime: '2026-06-01 11:00:00' },
        },
      ],
      link: { state: 'disconnected', reason: 'no route', sinceSeconds: 7_200, reconnects: 3, problem: null },
      outbox: {
        ...outbox,
        lanes: {
          ...outbox.lanes,
          reading: { ...outbox.lanes.reading, waiting: 18_234, waitingBytes: 6_200_000 },
        },
        totals: { ...outbox.totals, givenUp: 12 },
        oldestAgeSeconds: 218_808,
      },
      drain: { readingsPerSecond: 8_200, secondsLeft: 3, startedWith: 30_000 },
      preAlerts: [
        {
          rule: 'heat',
          state: 'active',
          severity: 'alert',
          text: 'Temperature is 41.2 °C.',
          output: { gpio: 17, state: 'on' },
        },
        {
          rule: 'gust',
          state: 'normal',
          severity: 'none',
          text: '',
          output: { gpio: 22, state: 'failing' },
        },
      ],
      clock: { isSynchronized: false, steps: 2 },
      certificateDaysLeft: 12,
      storeReport: 'repaired',
      notes: ['sea-level pressure is not computed above 750 m'],
      health: { isHealthy: false, reason: 'no sample was taken in time' },
    });

    for (const line of [
      '<heading>UK-Worthing</> (station 1): <alert>not working: no sample was taken in time</>, up 1 d 2 h, version 1.2.3',
      '              <warning>humidity missing: no answer</>',
      '  link        <alert>disconnected</> for 2 h: no route (3 reconnects)',
      '  outbox      18,234 waiting, the oldest 2 d 12 h old, 8,200 a second, 3 s left, room for 206 d 14 h more',
      '              1,042 delivered, 0 set aside, <alert>12 given up</>',
      '  pre-alerts  <alert>heat</>: Temperature is 41.2 °C. GPIO 17 is on.',
      '              gust: <alert>GPIO 22 cannot be driven.</>',
      '  sensors     bme280 <alert>failing</>, last fault 2026-06-01 11:00:00 UTC: nothing answers, 41 in all',
      '  clock       <warning>not synchronized</>, 2 steps since start',
      '  certificate <warning>12 days left</>',
      '  store       <warning>repaired</>',
      '  note        sea-level pressure is not computed above 750 m',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('says once why a station without a certificate is not connected', () => {
    const problem = 'the certificate /c.pem cannot be used: no such file';
    const link = {
      state: 'disconnected',
      reason: problem,
      sinceSeconds: 60,
      reconnects: 0,
      problem,
    } as const;
    const lines = statusText(
      shownStatus.parse(createGatewayStatus({ link, certificateDaysLeft: null })),
      (_tone, text) => text,
    ).split('\n');

    expect(lines).toContain(`  link        disconnected for 1 min: ${problem} (0 reconnects)`);
    expect(lines).toContain('  certificate none yet');
  });

  it('says why jobs do not come, and what one of them ordered', () => {
    const jobs: JobsStatus = {
      state: 'without',
      problem: 'the SUBACK refuses',
      retrySeconds: 3_600,
      job: { id: 'j-1', verb: 'doctor' },
      done: 1,
      logLevel: { level: 'debug', secondsLeft: 600 },
    };
    const text = statusText(shownStatus.parse(createGatewayStatus({ jobs })), (_tone, plain) => plain);

    expect(text).toContain('  jobs        the SUBACK refuses; asked again in 1 h');
    expect(text).toContain('doctor (job j-1)');
    expect(text).toContain('log level debug for 10 min more');
  });

  it('says what comes from afar, and what of it is not in force', () => {
    const configuration: ConfigurationStatus = {
      state: 'without',
      problem: 'the SUBACK refuses',
      retrySeconds: 3_600,
      inForce: 'trial',
      id: 'a',
      keys: ['log.level', 'quality.stuckMinutes'],
      dropped: { id: 'b', path: 'aws', found: 'an unknown key', allowed: 'log' },
    };
    const text = statusText(
      shownStatus.parse(createGatewayStatus({ configuration })),
      (_tone, plain) => plain,
    );

    expect(text).toContain('  configured  the SUBACK refuses; asked again in 1 h');
    expect(text).toContain('from afar, on trial: log.level, quality.stuckMinutes');
    expect(text).toContain('not in force: aws: found an unknown key; allowed: log');
  });

  it('says so before the first reading', () => {
    expect(show({ latest: null, latestAgeSeconds: null })).toContain('reading     <warning>none yet</>');
  });
});
