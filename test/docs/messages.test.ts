import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mailOf } from '../../cloud/lambda/alert-mail.ts';
import { parseAlertRecord } from '../../cloud/lambda/alert-record.ts';
import { runCommandLine } from '../../src/commands/cli.ts';
import type { CommandModule } from '../../src/commands/command.ts';
import { healthReport } from '../../src/health/health.ts';
import type { OutboxRecord } from '../../src/outbox/records.ts';
import { type Next, OutgoingMessages, onlineStatus } from '../../src/uplink/outgoing.ts';
import {
  BACKLOG_MAX_BYTES,
  BACKLOG_MAX_READINGS,
  offlineStatus,
  topicsOf,
} from '../../src/weather/message.ts';
import type { Instant, TimeQuality } from '../../src/weather/reading.ts';
import { createRecordingContext } from '../fakes/command-context.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';
import { batchOf } from '../fakes/outbox-bodies.ts';
import { readMarkedPart } from './marked-part.ts';
import { metricsTable } from './metrics-table.ts';
import { metricsPart, readPage, root } from './pages.ts';

const shippedConfig = fileURLToPath(new URL('config/gateway.yaml', root));
const page = readPage('docs/messages.md');

/** What stands under a heading, up to the next one. */
const section = (heading: string): string => page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

const blocks = (text: string, language = ''): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\`$`, 'gm'))].map(
    ([, block = '']) => block,
  );

/** The page breaks long objects into lines; keys and their order are what counts. */
const compact = (json: string): string => JSON.stringify(JSON.parse(json));

const example = (heading: string, index = 0): string =>
  compact(blocks(section(heading), 'json')[index] ?? '');

/** First cells of the rows of the tables of a section, `code` marks taken off. */
const firstCells = (heading: string): string[] =>
  [...section(heading).matchAll(/^\| `([^`]+)`/gm)].map(([, cell = '']) => cell);

const EPOCH = '01JX3V9Q4T8R6W2Y5Z7A1B3C4D';
const at: Instant = {
  bootId: 'boot',
  monotonicMs: 24_000,
  wallMs: Date.UTC(2020, 4, 11, 9, 42, 5),
  synchronized: true,
};
const earlier: Instant = { ...at, monotonicMs: 12_000, wallMs: at.wallMs - 12_000, synchronized: false };
const values = {
  temperature: 33.1,
  humidity: 85.2,
  winddirection: 304,
  windintensity: 75.3,
  windgust: 88.8,
  rainheight: 0.5588,
  pressure: 1006.5,
};
const calm = {
  temperature: 33,
  humidity: null,
  winddirection: null,
  windintensity: 0,
  windgust: 0,
  rainheight: 0,
  pressure: 1006.5,
};
const before: OutboxRecord = {
  epoch: EPOCH,
  seq: 1041,
  body: { at: earlier, values: calm, quality: { humidity: 'failed:range' } },
};
const reading: OutboxRecord = { epoch: EPOCH, seq: 1042, body: { at, values, quality: {} } };

const topics = topicsOf('PREFIX', 'STATION');
const messages = new OutgoingMessages({
  deviceid: '1',
  topics,
  stampOf: ({ wallMs, synchronized }) => {
    const timequality: TimeQuality = synchronized ? 'synced' : 'corrected';
    return { wallMs, timequality };
  },
});

const payloadOf = (next: Next): string => {
  if (next.kind !== 'send') throw new Error(`not sent: ${next.kind}`);
  return next.outgoing.payload;
};

const waiting = { isOnlyOne: false, maxBytes: BACKLOG_MAX_BYTES, isHeld: () => false };

describe('the examples of docs/messages.md', () => {
  it('have the reading that the uplink makes', () => {
    expect(example('Reading')).toBe(
      payloadOf(messages.readings(batchOf('reading', [reading]), { ...waiting, isOnlyOne: true })),
    );
  });

  it('have the backlog that the uplink makes, and its limits', () => {
    expect(example('Backlog')).toBe(
      payloadOf(messages.readings(batchOf('reading', [before, reading]), waiting)),
    );
    expect(section('Backlog')).toContain(
      `${BACKLOG_MAX_READINGS}\nreadings and ${BACKLOG_MAX_BYTES.toLocaleString('en')} bytes`,
    );
  });

  it('have the gap that the uplink makes', () => {
    const from = { ...at, wallMs: at.wallMs - 3_600_000 };
    const previous = { epoch: '01JX1M7D5K2N4P6R8S0T1V3W5X', seq: 1041 };
    const range = { epoch: EPOCH, fromseq: 1, toseq: 300, count: 300, previous };
    expect(example('Gap')).toBe(payloadOf(messages.gap({ ...range, reason: 'full', from, to: earlier })));
  });

  it('have the status of a connection and the will', () => {
    const lane = { waiting: 1042, waitingBytes: 1, oldest: null, nextSeq: 1 };
    const online = onlineStatus({
      deviceid: '1',
      version: '0.2.0',
      outbox: {
        stats: () => ({
          epoch: EPOCH,
          lanes: { reading: lane, prealert: lane, gap: lane },
          totals: { accepted: 0, delivered: 0, setAside: 0, givenUp: 0 },
        }),
      },
      publisher: { problem: () => null },
      timeKeeper: { now: () => at, stampOf: () => ({ wallMs: at.wallMs, timequality: 'synced' }) },
    });

    expect(example('Status')).toBe(JSON.stringify(online));
    expect(example('Status', 1)).toBe(JSON.stringify(offlineStatus('1')));
  });

  it('have the health that the station tells, and every key of it in the table', () => {
    const usual = createGatewayStatus();
    const [bme280, ...others] = usual.instruments;
    if (bme280 === undefined || usual.latest === null) throw new Error('the usual kit measures');
    const lastFault = { code: 'bus', message: 'no answer at 0x76', datetime: '2020-05-11 09:40:17' };
    const lastUnderVoltage = '2020-05-11 03:10:44';
    const status = createGatewayStatus({
      version: '0.2.0',
      outbox: { ...usual.outbox, epoch: EPOCH },
      instruments: [{ ...bme280, state: 'failing', errors: 3, lastFault }, ...others],
      latest: { ...usual.latest, quality: { winddirection: 'suspect:stuck' } },
      machine: { ...usual.machine, underVoltages: 2, lastUnderVoltage },
    });
    const report = healthReport(status, { wallMs: at.wallMs, timequality: 'synced' });

    expect(example('Health')).toBe(report?.payload);
    const cells = [...section('Health').matchAll(/^\| (`[^|]+`) +\|/gm)].map(([, cell = '']) => cell);
    const keys = cells.flatMap((cell) => cell.split(', ').map((key) => key.replaceAll('`', '')));
    const told = Object.keys(JSON.parse(report?.payload ?? ''));
    expect(['deviceid', 'epoch', 'version', ...keys].toSorted()).toEqual(told.toSorted());
  });

  it('name the topics', () => {
    expect(firstCells('Topics')).toEqual(Object.values(topics));
  });
});

describe('the pre-alert of docs/messages.md', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'messages-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is what the shipped rule and the uplink make of a hot minute', async () => {
    const lines = [-72, -60, -48, -36, -24, -12, 0].map((seconds) =>
      JSON.stringify({
        datetime: new Date(at.wallMs + seconds * 1_000).toISOString().slice(0, 19),
        ...values,
        temperature: 35.4,
        quality: {},
      }),
    );
    await writeFile(join(folder, 'hot.jsonl'), lines.join('\n'));
    const context = createRecordingContext({ configPath: shippedConfig });
    const { command }: CommandModule = await import('../../src/commands/replay.ts');
    await command({ operands: [join(folder, 'hot.jsonl')], json: true }, context);
    const events = (await context.written()).out.split('\n').filter((line) => line.includes('"heat"'));
    // The event, and the summary.
    expect(events).toHaveLength(2);
    const { datetime: _, ...event } = JSON.parse(events[0] ?? '');

    const record = { epoch: EPOCH, seq: 7, body: { at, ...event } };
    expect(example('Pre-alert')).toBe(payloadOf(messages.preAlert(batchOf('prealert', [record]))));
  });
});

describe('the commands of docs/messages.md', () => {
  const rows = [...section('Commands').matchAll(/^\| `([a-z]+)` .*\|([^|]+)\|$/gm)];
  const statuses = new Map(rows.map(([, name = '', text = '']) => [name, text.trim().split('; ')]));
  /** The exit status that the page gives for a case. */
  const statusFor = (name: string, what: RegExp): number =>
    Number.parseInt(statuses.get(name)?.find((text) => what.test(text)) ?? '', 10);

  const run = async (...args: string[]): Promise<{ status: number; out: string }> => {
    const [name = ''] = args;
    const context = createRecordingContext({ configPath: '/nowhere/gateway.yaml' });
    const status = await runCommandLine(
      args,
      { [name]: (): Promise<CommandModule> => import(`../../src/commands/${name}.ts`) },
      context,
    );
    return { status, out: (await context.written()).out };
  };

  it('are those of --help', async () => {
    const usage = (await run('--help')).out.trim();
    expect(blocks(section('Commands'))[0]).toBe(usage);
    const names = [...usage.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
    expect([...statuses.keys()]).toEqual(names);
  });

  const operands: Readonly<Record<string, readonly string[]>> = {
    outbox: ['stats'],
    replay: ['FILE'],
    diagnostics: [join(tmpdir(), `diagnostics-${process.pid}.json.gz`)],
  };
  afterAll(() => rm(operands['diagnostics']?.[0] ?? '', { force: true }));

  it('end with the status that the page gives for a bad configuration', async () => {
    for (const name of statuses.keys()) {
      const { status } = await run(name, ...(operands[name] ?? []));
      expect(status, name).toBe(statusFor(name, /bad configuration|problems/));
    }
  });

  it.each([
    { name: 'status', more: [], what: /no daemon answers/ },
    { name: 'replay', more: ['/nowhere/readings.csv'], what: /cannot be read/ },
  ])('$name ends with the status of $what', async ({ name, more, what }) => {
    const { status } = await run(name, ...more, '--config', shippedConfig);
    expect(status).toBe(statusFor(name, what));
  });
});

describe('the HTTP interface of docs/messages.md', () => {
  const server = readPage('src/http/server.ts');

  it('has every path that the server has', () => {
    const served = [...server.matchAll(/app\.get\('([^']+)'/g)].map(([, path]) => path);
    const documented = [...section('HTTP').matchAll(/^\| `GET ([^?`]+)/gm)].map(([, path]) => path);
    expect(served.length).toBeGreaterThan(3);
    expect(documented.toSorted()).toEqual(['/', ...served].toSorted());
  });

  it('has every key of the status', () => {
    const keys = firstCells('HTTP');
    expect(keys).toEqual(expect.arrayContaining(Object.keys(createGatewayStatus())));
  });

  it('has every metric', async () => {
    expect(await readMarkedPart(metricsPart)).toBe(await metricsTable());
  });
});

describe('the cloud tables of docs/messages.md', () => {
  /** `deviceid`, `missing` of `a - b AS missing`, `state` of `status.state`. */
  const nameOf = (column: string): string => /(\w+)"?$/.exec(column.trim())?.[1] ?? '';

  /** Columns of a view, out of the SQL that makes it. */
  const columnsOf = (select: string): string[] => {
    let depth = 0;
    const columns = [''];
    for (const each of select) {
      depth += each === '(' ? 1 : each === ')' ? -1 : 0;
      if (each === ',' && depth === 0) columns.push('');
      else columns[columns.length - 1] += each;
    }
    return columns.map(nameOf);
  };

  it('have the columns of the views, in their order', () => {
    const files = readdirSync(new URL('cloud/sql/', root)).filter((name) => name.endsWith('.sql'));
    const sql = files.map((file) => readPage(`cloud/sql/${file}`)).join('\n');
    // The others are steps on the way to these.
    const shown = /GRANT SELECT ON ([\w, ]+) TO PUBLIC/.exec(sql)?.[1]?.split(', ') ?? [];
    const views = [
      ...sql.matchAll(/CREATE OR REPLACE VIEW (\w+) AS\s+(?:WITH [\s\S]*?\n\)\s+)?SELECT ([\s\S]*?)\nFROM/g),
    ]
      .filter(([, name = '']) => shown.includes(name))
      .map(([, name, select = '']) => `${name}(${columnsOf(select).join(', ')})`);
    expect(views.length).toBeGreaterThan(4);
    expect(blocks(section('Cloud tables'))[0]?.split('\n').toSorted()).toEqual(views.toSorted());
  });
});

describe('the mails of docs/messages.md', () => {
  const station = { deviceid: '1', weatherstationname: 'UK-Worthing', timezone: 'Europe/London' };
  const mailFor = (record: object): string[] =>
    mailOf(parseAlertRecord(JSON.stringify(record), '1'), station)?.message.split('\n') ?? [];
  const alert = {
    alertid: 'a',
    deviceid: '1',
    weatherstationname: 'UK-Worthing',
    count: 3,
    min_temperature: 43,
    max_temperature: 46,
    first_datetime: '2020-05-20 14:58:28',
    last_datetime: '2020-05-20 14:59:52',
    late: true,
  };

  it('are word for word those of the mail function', () => {
    const [sentence, more, others] = blocks(section('Mails'));
    expect([sentence, ...(more ?? '').split('\n')]).toEqual(mailFor(alert));
    expect(others?.split('\n')).toEqual([
      ...mailFor({ ...JSON.parse(example('Pre-alert')), lane: 'prealert' }),
      ...mailFor({ ...JSON.parse(example('Gap')), lane: 'gap' }),
    ]);
  });
});
