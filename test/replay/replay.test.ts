import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command } from '../../src/commands/replay.ts';
import { createRecordingContext } from '../fakes/command-context.ts';

const shipped = fileURLToPath(new URL('../../config/gateway.yaml', import.meta.url));
const recording = (name: string): string => fileURLToPath(new URL(`recordings/${name}`, import.meta.url));

const run = async (file: string | undefined, options: { json?: boolean; config?: string } = {}) => {
  const context = createRecordingContext();
  const status = await command(
    { operands: file === undefined ? [] : [file], config: shipped, ...options },
    context,
  );
  return { status, ...(await context.written()) };
};

/** What was raised, escalated and cleared, without reminders. */
const changes = (out: string): string[] =>
  out
    .split('\n')
    .filter((line) => line !== '' && !line.includes('  reminder '))
    .map((line) => line.split('  ').slice(0, 3).join(' '));

describe('replay', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'replay-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const write = async (lines: readonly string[]): Promise<string> => {
    const file = join(directory, 'recording');
    await writeFile(file, lines.join('\n'));
    return file;
  };

  it('runs the rules over readings and backlogs, one that came twice counting once', async () => {
    const { status, out, err } = await run(recording('heat-wave.jsonl'));

    expect(status).toBe(0);
    expect(err).toMatch(/^540 readings, \d+ events, 0 lines skipped\n$/);
    expect(changes(out)).toEqual([
      '2025-07-01 10:56:00 heat raised (warning)',
      '2025-07-01 11:48:00 heat escalated (alert)',
      '2025-07-01 12:03:00 heat-ahead raised (warning)',
      '2025-07-01 15:38:00 heat-ahead cleared (warning)',
      '2025-07-01 17:26:00 heat cleared (alert)',
    ]);
    expect(out).toMatch(
      /12:03:00 {2}heat-ahead {2}raised \(warning\) {2}Temperature is 38\.6 °C, rises by \d\.\d °C an hour, and will reach 40 °C in about \d+ min\.\n/,
    );
  });

  it('runs them over a table', async () => {
    const { status, out } = await run(recording('storm.csv'));

    expect(status).toBe(0);
    expect(changes(out)).toEqual([
      '2025-02-14 04:20:00 gust raised (warning)',
      '2025-02-14 04:30:00 pressure-fall raised (warning)',
      '2025-02-14 04:40:00 heavy-rain raised (warning)',
      '2025-02-14 05:20:00 pressure-fall escalated (alert)',
      '2025-02-14 06:40:00 heavy-rain cleared (warning)',
      '2025-02-14 06:50:00 gust escalated (alert)',
      '2025-02-14 08:25:00 pressure-fall cleared (alert)',
      '2025-02-14 11:30:00 gust cleared (alert)',
    ]);
  });

  it('prints events as JSON lines', async () => {
    const { out } = await run(recording('heat-wave.jsonl'), { json: true });
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

    expect(events[0]).toEqual({
      datetime: '2025-07-01 10:56:00',
      rule: 'heat',
      kind: 'limit',
      quantity: 'temperature',
      severity: 'warning',
      transition: 'raised',
      value: 35.2,
      limit: 35,
      unit: '°C',
      minutestolimit: null,
      text: 'Temperature is 35.2 °C; the warning limit is 35 °C.',
    });
  });

  it('ends without a word when nobody reads any further', { timeout: 60_000 }, async () => {
    const command = `"${process.execPath}" --import tsx src/main.ts replay --config config/gateway.yaml`;
    const { stdout, stderr } = await promisify(execFile)(
      'bash',
      ['-c', `${command} test/replay/recordings/storm.csv | true; echo "$PIPESTATUS"`],
      { cwd: fileURLToPath(new URL('../../', import.meta.url)) },
    );

    expect([stdout, stderr]).toEqual(['1\n', '']);
  });

  it('names each bad line of JSON, skips it, and exits with 1', async () => {
    const file = await write([
      '\uFEFF{"datetime":"2025-07-01 09:00:00","temperature":36}',
      '',
      '{"datetime":',
      '{"datetime":"2025-07-01 09:01:00","temperature":"hot"}',
      '{"datetime":"2025-13-01 09:01:00"}',
      '{"temperature":36}',
      '7',
      '{"datetime":"2025-07-01 08:00:00"}',
      '{"datetime":"2025-07-01T09:01:00Z","temperature":36.5,"seq":4}',
      '{"readings":[{"datetime":"2025-07-01 09:02:00","temperature":36.5},{"datetime":9}]}',
    ]);
    const { status, out, err } = await run(file);

    expect(status).toBe(1);
    expect(changes(out)).toEqual(['2025-07-01 09:01:00 heat raised (warning)']);
    expect(err.replaceAll(`${file}:`, '').split('\n')).toEqual([
      '3: not JSON',
      '4: temperature: allowed is a number, or nothing',
      '5: datetime: allowed is a time that exists',
      '6: datetime: allowed is a UTC time such as 2020-05-11 09:42:05',
      '7: allowed is a reading',
      '8: older than the reading before it',
      '10: datetime: allowed is a UTC time such as 2020-05-11 09:42:05',
      '3 readings, 1 events, 7 lines skipped',
      '',
    ]);
  });

  it('names each bad line of CSV', async () => {
    const file = await write([
      'datetime,temperature,pressure,quality',
      '2025-07-01 09:00:00,36,,',
      '2025-07-01 09:01:00,36',
      '2025-07-01 09:02:00,36,high,{}',
      '2025-07-01 09:03:00,36.5,1e3,"{""temperature"":""suspect:stuck""}"',
      '2025-07-01 09:04:00,36.5,1000,no flags',
      '2025-07-01 09:05:00,1',
    ]);
    const { status, err } = await run(file);

    expect(status).toBe(1);
    expect(err.replaceAll(`${file}:`, '').split('\n')).toEqual([
      expect.stringMatching(/^3: .*(columns|length)/i),
      '4: pressure: allowed is a number, or nothing',
      expect.stringMatching(/^6: quality: /),
      expect.stringMatching(/^7: .*(columns|length)/i),
      '2 readings, 0 events, 4 lines skipped',
      '',
    ]);
  });

  it('takes flags as they were recorded, and judges what has none', async () => {
    const fault = (extra: string) =>
      write(
        Array.from(
          { length: 4 },
          (_, index) => `{"datetime":"2025-07-01 09:0${index}:00","temperature":95${extra}}`,
        ),
      );

    expect((await run(await fault(''))).out).toContain('failed:range');
    expect((await run(await fault(',"quality":{}'))).out).toContain('heat');
    expect((await run(await fault(',"quality":{"temperature":"suspect:stuck"}'))).out).toContain(
      'suspect:stuck',
    );
  });

  it('counts further complaints instead of filling the screen', async () => {
    const file = await write(Array.from({ length: 50 }, () => '{}'));
    const { err } = await run(file);

    expect(err.trimEnd().split('\n')).toHaveLength(22);
    expect(err).toContain('0 readings, 0 events, 50 lines skipped');
  });

  it('finds nothing in an empty file', async () => {
    expect(await run(await write([]))).toEqual({
      status: 0,
      out: '',
      err: '0 readings, 0 events, 0 lines skipped\n',
    });
  });

  it('says what it needs', async () => {
    expect(await run(undefined)).toMatchObject({ status: 1, err: expect.stringContaining('needs a FILE') });
    expect(await run(join(directory, 'none'))).toMatchObject({
      status: 1,
      err: expect.stringContaining('cannot be read'),
    });
    expect(await run('x', { config: join(directory, 'none.yaml') })).toMatchObject({ status: 78 });
  });
});
