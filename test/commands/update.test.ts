import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command } from '../../src/commands/update.ts';
import { createRecordingContext } from '../fakes/command-context.ts';

describe('update', () => {
  let folder: string;
  let places: { drop: string; results: string; allowedSigners: string };
  let archive: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'update-'));
    places = {
      drop: join(folder, 'state/update'),
      results: join(folder, 'results'),
      allowedSigners: join(folder, 'allowed_signers'),
    };
    await mkdir(join(folder, 'state'));
    await mkdir(places.results);
    await writeFile(places.allowedSigners, '');
    archive = join(folder, 'weather-gateway-1.0.0-linux-x64.tar.gz');
    await writeFile(archive, 'archive');
    await writeFile(join(folder, 'weather-gateway-1.0.0-linux-x64.json'), 'manifest');
    await writeFile(join(folder, 'weather-gateway-1.0.0-linux-x64.json.sig'), 'signature');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const update = async (file = archive, release = '/opt/weather-gateway/1', signal?: AbortSignal) => {
    const context = createRecordingContext({ release, updatePlaces: places }, signal);
    const status = await command({ operands: [file] }, context);
    return { status, ...(await context.written()) };
  };
  const dropped = (name: string): Promise<string> => readFile(join(places.drop, name), 'utf8');

  /** Answers as update.sh does. */
  const answer = async (...results: object[]): Promise<void> => {
    while (!existsSync(join(places.drop, 'request'))) await delay(20);
    const id = await dropped('request');
    for (const result of results) {
      await writeFile(
        join(places.results, `${id}.json`),
        JSON.stringify({ id, version: '1.0.0', ...result }),
      );
      await delay(700);
    }
  };

  it('puts the release where the unit looks, and prints each step until the end', async () => {
    const [{ status, out, err }] = await Promise.all([
      update(),
      answer(
        { state: 'IN_PROGRESS', step: 'verified', reason: null },
        { state: 'SUCCEEDED', step: 'committed', reason: null },
      ),
    ]);

    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toBe('1.0.0: verified\n1.0.0: SUCCEEDED\n');
    expect(await Promise.all(['manifest.json', 'manifest.json.sig', 'release.tar.gz'].map(dropped))).toEqual([
      'manifest',
      'signature',
      'archive',
    ]);
  });

  it('says why a release was not kept', async () => {
    const [{ status, out }] = await Promise.all([
      update(),
      answer({ state: 'FAILED', step: 'committed', reason: 'the service failed' }),
    ]);

    expect({ status, out }).toEqual({ status: 1, out: '1.0.0: FAILED, the service failed\n' });
  });

  it('refuses a second release while one waits, and leaves the first alone', async () => {
    await mkdir(places.drop);
    await writeFile(join(places.drop, 'request'), 'first');
    await writeFile(join(places.drop, 'release.tar.gz'), 'of the first');

    expect(await update()).toMatchObject({
      status: 1,
      err: 'update: another release waits to be installed\n',
    });
    expect(await dropped('release.tar.gz')).toBe('of the first');
  });

  it.skipIf(process.getuid?.() !== 0)(
    'writes as the user whose directory it is, where root runs it',
    async () => {
      await chown(join(folder, 'state'), 65_534, 65_534);
      await chmod(folder, 0o711);
      await chmod(archive, 0o600);
      await Promise.all([update(), answer({ state: 'SUCCEEDED', step: 'committed', reason: null })]);

      for (const name of ['', 'request', 'manifest.json', 'manifest.json.sig', 'release.tar.gz'])
        expect(await stat(join(places.drop, name))).toMatchObject({ uid: 65_534, gid: 65_534 });
      // Of the process that runs this nothing has changed.
      expect(process.getuid?.()).toBe(0);
    },
  );

  it('says why nothing could be put there', async () => {
    await writeFile(places.drop, 'in the way');

    expect(await update()).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^update: the release cannot be put into .*File exists\n$/),
    });
  });

  it('refuses with one line where nobody may sign, under the Debian package, and without install.sh', async () => {
    expect((await update('release.zip')).err).toMatch(/^update: name the archive of a release, .*\n$/);
    expect((await update(archive, '/usr/lib/weather-gateway/0.2.0')).err).toMatch(
      /^update: .*sudo apt install.*\n$/,
    );
    await rm(places.allowedSigners);
    expect((await update()).err).toMatch(/^update: no signer is allowed here: .*\n$/);
    await rm(places.results, { recursive: true });
    expect((await update()).err).toMatch(
      /^update: updates are for stations that systemd\/install.sh installed\n$/,
    );
    expect(existsSync(places.drop)).toBe(false);
  });

  it('ends when it is stopped, while the update goes on', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);

    expect((await update(archive, undefined, stop.signal)).err).toContain('it goes on without this command');
    expect(existsSync(join(places.drop, 'request'))).toBe(true);
  });
});
