import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const systemd = fileURLToPath(new URL('../../systemd/', import.meta.url));
const unitName = 'weather-gateway.service';

describe('the systemd unit', () => {
  let directory: string;
  let unit: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'unit-'));
    unit = join(directory, unitName);
    const text = await readFile(join(systemd, unitName), 'utf8');
    // The command is not installed where the tests run.
    await writeFile(unit, text.replace('/usr/local/bin/weather-gateway', process.execPath));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is what systemd-analyze verify finds nothing to say about', async () => {
    const { stdout, stderr } = await run('systemd-analyze', ['verify', unit]);

    expect(stdout + stderr).toBe('');
  });

  it('exposes no more than 2.0 to systemd-analyze security', async () => {
    const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', unit]);

    const exposure = Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
    expect(exposure).toBeGreaterThan(0);
    expect(exposure).toBeLessThanOrEqual(2);
  });

  it('lets a failing start, a crash and a silent daemon begin anew, and a bad configuration end', async () => {
    const text = await readFile(unit, 'utf8');

    expect(text).toMatch(/^Restart=on-failure$/m);
    expect(text).toMatch(/^RestartPreventExitStatus=78\b/m);
    expect(text).toMatch(/^WatchdogSec=60$/m);
    expect(text).toMatch(/^WatchdogSignal=SIGKILL$/m);
    expect(text).toMatch(/^StartLimitIntervalSec=0$/m);
  });
});

describe('install.sh', () => {
  const install = join(systemd, 'install.sh');
  let bin: string;

  beforeAll(async () => {
    bin = await mkdtemp(join(tmpdir(), 'bin-'));
  });
  afterAll(() => rm(bin, { recursive: true }));

  /** Runs it where these programs answer with these texts. */
  const attempt = async (answers: Readonly<Record<string, string>>, ...args: string[]) => {
    for (const [name, answer] of Object.entries(answers))
      await writeFile(join(bin, name), `#!/bin/sh\necho ${answer}\n`, { mode: 0o755 });
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
    return await run(install, args, { env }).catch((error: unknown) => error);
  };

  it('refuses a 32-bit system with a sentence that helps', async () => {
    expect(await attempt({ getconf: '32' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('this is a 32-bit system'),
    });
  });

  it('refuses to run without root', async () => {
    expect(await attempt({ getconf: '64', id: '1000' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('must run as root'),
    });
  });

  it('refuses to install what is no release', async () => {
    expect(await attempt({ getconf: '64', id: '0' }, '--release', bin)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('holds no release: make one with --stage'),
    });
  });

  it('refuses an option it does not know, and explains itself', async () => {
    expect(await attempt({}, '--uninstal')).toMatchObject({ code: 1 });
    expect(await attempt({}, '--help')).toMatchObject({
      stdout: expect.stringContaining('install.sh --uninstall [--purge]'),
    });
  });
});
