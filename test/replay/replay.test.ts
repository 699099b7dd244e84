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

const run = async (
  files: string | readonly string[] | undefined,
  options: { json?: boolean; config?: string; map?: string } = {},
) => {
  const context = createRecordingContext();
  const status = await command(
    { operands: files === undefined ? [] : [files].flat(), config: shipped, ...options },
    context,
  );
  return { status, ...(await context.written()) };
};

/** What was raised, escalated and cleared, without reminders. */
const changes = (out: string): string[] =>
  out
    .split('\n')
    .filter((line) => /^\d{4}-/.test(line) && !line.includes('  reminder '))
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
    expect(err).toContain('read as: JSON lines of readings');
    expect(out).toContain(
      '540 readings, from 2025-07-01 09:00:00 to 2025-07-01 17:59:00 UTC, one every 1 min',
    );
    expect(out).toContain('1 repeated, 0 lines skipped');
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

  it('ends without a word when nobody reads any further', async () => {
    const command = `"${process.execPath}" --import tsx src/main.ts replay --config config/gateway.yaml`;
    const { stdout, stderr } = await promisify(execFile)(
      'bash',
      ['-c', `${command} test/replay/recordings/storm.csv | true; echo "$PIPESTATUS"`],
      { cwd: fileURLToPath(new URL('../../', import.meta.url)) },
    );

    // It may be done before it notices.
    expect(stdout).toMatch(/^[01]\n$/);
    expect(stderr).toMatch(/^\S+: read as: .*\n$/);
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
      '{"datetime":"2025-07-01T09:02:00Z","temperature":36.5,"seq":4}',
      '{"readings":[{"datetime":"2025-07-01 09:03:00","temperature":36.5},{"datetime":9}]}',
    ]);
    const { status, out, err } = await run(file);

    expect(status).toBe(1);
    expect(changes(out)).toEqual(['2025-07-01 09:02:00 heat raised (warning)']);
    expect(err.replaceAll(`${file}:`, '').split('\n').slice(1)).toEqual([
      '3: not JSON',
      '4: temperature "hot" is no value; it is left out',
      '5: datetime: allowed is a time that exists',
      '6: datetime: allowed is a UTC time such as 2020-05-11 09:42:05',
      '7: allowed is a reading',
      '8: older than the reading before it',
      '10: datetime: allowed is a UTC time such as 2020-05-11 09:42:05',
      '',
    ]);
    expect(out).toContain('4 readings');
    expect(out).toContain('0 repeated, 6 lines skipped, 1 event\n');
  });

  it('names each bad line of CSV; a bad or absent field costs itself', async () => {
    const file = await write([
      'datetime,temperature,pressure,quality',
      '2025-07-01 09:00:00,36,,',
      '2025-07-01 09:01:00,36',
      '2025-07-01 09:02:00,36,high,{}',
      '2025-07-01 09:03:00,36.5,1e3,"{""temperature"":""suspect:stuck""}"',
      '2025-07-01 09:04:00,36.5,1000,no flags',
      '2025-02-30 09:05:00,1',
    ]);
    const { status, out, err } = await run(file);

    expect(status).toBe(1);
    expect(err.replaceAll(`${file}:`, '').split('\n').slice(1)).toEqual([
      '4: pressure "high" is no value; it is left out',
      '6: quality "no flags" is no list of flags',
      '7: "2025-02-30 09:05:00" is no time, or one that does not exist',
      '',
    ]);
    expect(out).toContain('4 readings');
    expect(out).toContain('pressure: 1 value, 1000 to 1000; 1 field that is no value');
    expect(out).toContain('temperature: 4 values, 36 to 36.5, steps of 0.5; 1 suspect:stuck');
  });

  it('counts a backlog that was delivered twice once', async () => {
    const reading = (seq: number) =>
      `{"datetime":"2025-07-01 09:0${seq}:00","temperature":30,"epoch":"A","seq":${seq}}`;
    const backlog = (...seqs: readonly number[]) => `{"readings":[${seqs.map(reading).join(',')}]}`;
    const file = await write([backlog(1, 2, 3), backlog(1, 2, 3), backlog(2, 3, 4, 5)]);
    const { status, out } = await run(file);

    expect(status).toBe(0);
    expect(out).toContain('5 readings');
    expect(out).toContain('5 repeated, 0 lines skipped');
  });

  it('counts the overlap of several files once, whatever their order', async () => {
    const rows = (from: number) =>
      Array.from({ length: 5 }, (_, index) => `2025-07-01 09:0${from + index}:00,3${index}`);
    const early = join(directory, 'early.csv');
    const late = join(directory, 'late.csv');
    await writeFile(early, ['time,temp', ...rows(0)].join('\n'));
    await writeFile(late, ['time,temp', ...rows(3)].join('\n'));
    const { status, out } = await run([late, early]);

    expect(status).toBe(0);
    expect(out).toContain('8 readings, from 2025-07-01 09:00:00 to 2025-07-01 09:07:00 UTC');
    expect(out).toContain('2 repeated');
  });

  it('names the rules that could never be judged, and the gaps', async () => {
    const hours = [0, 1, 2, 3, 9, 10].map(
      (hour) => `2025-07-01 ${String(hour).padStart(2, '0')}:00,1${hour}`,
    );
    const file = await write(['time,temp', ...hours]);
    const { out } = await run(file);

    expect(out).toContain('1 gap, 6 h in all, the longest 6 h from 2025-07-01 03:00:00');
    expect(out).toContain('gust: could not be judged: nothing measures gust');
    expect(out).toContain(
      'heat-ahead: could not be judged: its window of 30 min holds 1 of the 15 values it needs at a reading every 1 h',
    );
  });

  it('has the same in JSON', async () => {
    const { out } = await run(recording('storm.csv'), { json: true });
    const { summary } = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');

    expect(summary).toMatchObject({
      files: [{ file: recording('storm.csv'), readAs: expect.stringContaining('weather-gateway readings') }],
      readings: 145,
      stepSeconds: 300,
      gaps: { count: 0 },
      repeated: 0,
      skippedLines: 0,
      quantities: { temperature: { values: 139, badFields: 0 } },
    });
    expect(summary.rules.map(({ rule }: { rule: string }) => rule)).toContain('pressure-fall');
  });

  it('takes a mapping, and says everything that is wrong with one', async () => {
    const file = await write(['x;y', '1.7.2025 09:00;36', '1.7.2025 09:05;36']);
    const map = join(directory, 'map.yaml');
    await writeFile(map, 'time: { column: x }\ncolumns: { temperature: y }\n');
    expect((await run(file, { map })).out).toContain('temperature: 2 values, 36 to 36');
    await writeFile(map, 'separator: x\ncolums: {}\n');
    expect(await run(file, { map })).toMatchObject({
      status: 1,
      err: `weather-gateway: ${map}: separator: allowed is one of "," ";" "|" tab space; colums: no such key\n`,
    });
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
    expect(await run(await fault(',"quality":{"snowdepth":"suspect:drift"}'))).toMatchObject({
      status: 0,
      out: expect.stringContaining('heat'),
    });
  });

  it('counts further complaints instead of filling the screen', async () => {
    const file = await write(Array.from({ length: 50 }, () => '{}'));
    const { status, err, out } = await run(file);

    expect(status).toBe(1);
    expect(err.trimEnd().split('\n')).toHaveLength(23);
    expect(out).toContain('0 readings');
    expect(out).toContain('50 lines skipped');
    expect(err).toContain('there is no reading in it');
  });

  it.each([false, true])('prints nothing of a file that a terminal would obey, in JSON: %s', async (json) => {
    const names = await run(await write(['time,te\u001b[2J\u009bmp', '2026-03-29 01:30,1']), { json });
    const values = await run(
      await write(['time,temperature,t\u001b[2J', '2026-03-29 01:30,\u001b[2J,1', '\u001b[2J,1,1']),
      { json },
    );

    expect(names.err).toContain('te\\u001b[2J');
    const printed = [names.out, names.err, values.out, values.err].join('');
    expect(printed).not.toContain('\u001b');
    expect(printed).not.toContain('\u009b');
  });

  it('refuses a line without an end before it fills the memory', async () => {
    const line = 'a'.repeat(3_000_000);
    const { status, err } = await run(await write([line]));
    const later = await run(await write(['datetime,temperature', '2026-06-01 00:00:00,20', line]));

    expect(status).toBe(1);
    expect(err).toMatch(/recording has a line of more than 1000000 characters\n$/);
    expect(later.err).toMatch(/recording has a line of more than 1000000 characters\n$/);
  });

  it('refuses an empty file', async () => {
    const file = await write([]);
    expect(await run(file)).toEqual({ status: 1, out: '', err: `weather-gateway: ${file} is empty\n` });
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
