import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command } from '../../src/commands/outbox.ts';
import { closeOutbox } from '../../src/outbox/open-outbox.ts';
import { createRecordingContext } from '../fakes/command-context.ts';
import { acceptUpTo, deadLetterOldest } from '../fakes/outbox-bodies.ts';
import { DamageFixture } from '../outbox/damage-fixture.ts';

describe('outbox', () => {
  let fixture: DamageFixture;
  let configPath: string;

  beforeEach(async () => {
    fixture = await DamageFixture.create();
    configPath = join(fixture.directory, 'gateway.yaml');
    await writeFile(
      configPath,
      `station: { id: "1", name: Test }
aws: { endpoint: localhost, certificate: /a.pem, privateKey: /a.key }
outbox: { directory: ${fixture.directory} }
`,
    );
  });
  afterEach(() => fixture.remove());

  const run = async (...args: string[]) => {
    const context = createRecordingContext({ configPath });
    const operands = args.filter((arg) => arg !== '--json');
    const status = await command({ operands, json: args.includes('--json') }, context);
    return { status, ...(await context.written()) };
  };

  const fillLittle = async (): Promise<string> => {
    const opened = await fixture.open();
    await opened.outbox.append('reading', { value: 1 });
    await opened.outbox.append('reading', { value: 2 });
    await opened.outbox.append('prealert', 'rain');
    await deadLetterOldest(opened.outbox, 'reading', 'too large');
    await acceptUpTo(opened.outbox, 'prealert', 1);
    await closeOutbox(opened);
    return opened.outbox.epoch;
  };

  it('tells what waits and what became of the rest', async () => {
    const epoch = await fillLittle();

    const text = await run('stats');
    const json = await run('stats', '--json');

    expect(text.status).toBe(0);
    expect(text.out).toMatch(new RegExp(`^epoch +${epoch}\naccepted +3\ndelivered +1\nsetAside +1\n`));
    expect(text.out).toMatch(new RegExp(`\nreading +1 waiting, \\d+ bytes, oldest ${epoch} 2\n`));
    expect(JSON.parse(json.out)).toMatchObject({ epoch, totals: { accepted: 3, setAside: 1 } });
  });

  it('shows the oldest records of each lane and what was set aside', async () => {
    const epoch = await fillLittle();

    const text = await run('peek');
    const json = await run('peek', '--json');

    const lines = text.out.split('\n');
    expect(lines[0]).toBe(`reading ${epoch} 2 {"value":2}`);
    expect(lines.at(-2)).toBe(`set aside (too large): reading ${epoch} 1 {"value":1}`);
    expect(JSON.parse(json.out)).toMatchObject({
      waiting: [
        { lane: 'reading', seq: 2 },
        { lane: 'gap', body: { reason: 'refused' } },
      ],
      setAside: [{ seq: 1, reason: 'too large' }],
    });
  });

  it('says so when nothing waits', async () => {
    const opened = await fixture.open();
    await opened.outbox.append('reading', { value: 1 });
    await acceptUpTo(opened.outbox, 'reading', 1);
    await closeOutbox(opened);

    expect(await run('peek')).toEqual({ status: 0, out: 'nothing waits\n', err: '' });
  });

  it('verifies every record that waits', async () => {
    await fixture.fill();

    const { status, out } = await run('verify');

    expect(status).toBe(0);
    expect(out).toMatch(/^reading +\d{4} records whole, 0 places damaged\nprealert +9 records whole/);
  });

  it('names damaged places with exit status 1, and changes nothing', async () => {
    await fixture.fill();
    await fixture.flipBits(/\.log$/, 1);

    const first = await run('verify');
    const second = await run('stats');
    const opened = await fixture.open();

    expect([first.status, second.status]).toEqual([1, 1]);
    expect(first.out).toMatch(/ {2}from \S+ \d+ to before \S+ \d+\n/);
    expect(first.err).toMatch(/^weather-gateway: damaged: .*checksum mismatch/);
    expect(opened.report.outcome).toBe('repaired');
    await closeOutbox(opened);
  });

  it('leaves the repair of a store that cannot be opened to the daemon', async () => {
    await fixture.fill();
    await rm(join(fixture.location, 'CURRENT'));

    expect(await run('verify', '--json')).toEqual({
      status: 1,
      out: '',
      err: 'weather-gateway: damaged, the daemon will repair it when it starts: CURRENT is missing\n',
    });
  });

  it('refuses while the daemon has the store', async () => {
    const opened = await fixture.open();

    const { status, err } = await run('stats');

    expect(status).toBe(1);
    expect(err).toContain('is in use by another process; stop the daemon first');
    await closeOutbox(opened);
  });

  it('says where there is no outbox yet', async () => {
    expect(await run('stats')).toMatchObject({
      status: 1,
      err: `weather-gateway: there is no outbox in ${fixture.directory} yet\n`,
    });
  });

  it('asks for a subcommand, and for a configuration without problems', async () => {
    expect(await run('empty')).toMatchObject({
      status: 1,
      err: 'weather-gateway: outbox needs one of: stats, peek, verify\n',
    });
    await writeFile(configPath, 'station: 1\n');
    expect((await run('stats')).status).toBe(78);
  });

  it("looks into systemd's state directory first", async () => {
    const other = await mkdtemp(join(tmpdir(), 'state-'));
    const context = createRecordingContext({ configPath, stateDirectory: other });

    const status = await command({ operands: ['stats'] }, context);

    expect([status, (await context.written()).err]).toEqual([
      1,
      `weather-gateway: there is no outbox in ${other} yet\n`,
    ]);
    await rm(other, { recursive: true });
  });
});
