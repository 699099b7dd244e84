import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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

describe('the unit of the claim', () => {
  const claimName = 'weather-gateway-claim.service';
  let directory: string;
  let unit: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'unit-'));
    unit = join(directory, claimName);
    await writeFile(unit, await readFile(join(systemd, claimName), 'utf8'));
    await writeFile(join(directory, unitName), '[Service]\nExecStart=/bin/true\n');
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is what systemd-analyze verify finds nothing to say about', async () => {
    const { stdout, stderr } = await run('systemd-analyze', ['verify', unit]);

    expect(stdout + stderr).toBe('');
  });

  it('exposes no more than 4.0 to systemd-analyze security, although it writes files of root', async () => {
    const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', unit]);

    expect(Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThanOrEqual(4);
  });

  it('runs where there is a claim, for ever, and restarts the gateway only when it has succeeded', async () => {
    const text = await readFile(unit, 'utf8');

    expect(text).toMatch(/^ConditionDirectoryNotEmpty=\/etc\/weather-gateway\/claim$/m);
    expect(text).toMatch(/^StartLimitIntervalSec=0$/m);
    expect(text).toMatch(/^Restart=on-failure$/m);
    expect(text).toContain('weather-gateway enroll --claim && systemctl --no-block restart');
  });
});

describe('the units of updates', () => {
  const names = ['service', 'path', 'timer'].map((kind) => `weather-gateway-update.${kind}`);

  it('are what systemd-analyze verify finds nothing to say about', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'units-'));
    try {
      for (const name of names) {
        const text = await readFile(join(systemd, name), 'utf8');
        await writeFile(join(directory, name), text.replace(/^ExecStart=.*/m, 'ExecStart=/bin/true'));
      }
      const files = names.map((name) => join(directory, name));
      const { stdout, stderr } = await run('systemd-analyze', ['verify', ...files]);
      expect(stdout + stderr).toBe('');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('run the updater of the release that is known to work, and fetch nothing', async () => {
    const text = await readFile(join(systemd, 'weather-gateway-update.service'), 'utf8');

    expect(text).toMatch(/^ExecStart=\/opt\/weather-gateway\/committed\/systemd\/update.sh$/m);
    expect(text).toMatch(/^PrivateNetwork=yes$/m);
  });
});

describe('the units of a reboot', () => {
  const units = ['weather-gateway-reboot.path', 'weather-gateway-reboot.service'];

  it('are what systemd-analyze verify finds nothing to say about', async () => {
    const { stdout, stderr } = await run('systemd-analyze', [
      'verify',
      ...units.map((name) => join(systemd, name)),
    ]);

    expect(stdout + stderr).toBe('');
  });

  it('take the request away before they reboot, read nothing of it, and start by it alone', async () => {
    const [path = '', service = ''] = await Promise.all(
      units.map((name) => readFile(join(systemd, name), 'utf8')),
    );
    const file = '/run/weather-gateway/reboot';

    expect(path).toContain(`\nPathExists=${file}\n`);
    expect(service.match(/^Exec.*$/gm)).toEqual([
      `ExecStart=/bin/rm -f ${file}`,
      'ExecStart=/bin/systemctl --no-block reboot',
    ]);
    expect(service).not.toContain('[Install]');
    expect(await readFile(join(systemd, unitName), 'utf8')).toMatch(/^RuntimeDirectory=weather-gateway$/m);
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

describe('first-light.sh', () => {
  const firstLight = join(systemd, 'first-light.sh');
  let bin: string;

  beforeAll(async () => {
    bin = await mkdtemp(join(tmpdir(), 'first-light-'));
    await writeFile(join(bin, 'model'), 'Raspberry Pi 4 Model B Rev 1.5\0');
    const programs = {
      gpiodetect: `[ "$1" != --version ] || { echo "gpiodetect (libgpiod) v2.2.1"; exit; }
echo "gpiochip0 [pinctrl-bcm2711] (58 lines)"
echo "gpiochip1 [raspberrypi-exp-gpio] (8 lines)"`,
      // A wire that loses nothing: what one drives, the other sees when it is stopped.
      gpioset: `[ "$1" != --version ] || { echo "gpioset (libgpiod) v2.2.1"; exit; }
echo "$4" | tr , '\n' | grep -c 5ms >"${bin}/periods"
echo "$5 $2" >"${bin}/driven"`,
      gpiomon: `trap 'seq $(($(cat "${bin}/periods") / 2)); exit' TERM
while :; do sleep 0.1; done`,
    };
    for (const [name, script] of Object.entries(programs))
      await writeFile(join(bin, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  });
  afterAll(() => rm(bin, { recursive: true }));

  const report = (...args: string[]) =>
    run(firstLight, args, {
      env: {
        ...process.env,
        PATH: `${bin}:${process.env['PATH']}`,
        DEVICE_TREE: bin,
        FIRST_LIGHT_FOLDER: bin,
      },
    });

  it('says on one page what the machine is and does, and leaves nothing behind', async () => {
    const before = await readdir(bin);
    const { stdout, stderr } = await report();

    expect(stderr).toBe('');
    expect(stdout.split('\n').length).toBeLessThan(60);
    expect(stdout).toContain('Raspberry Pi 4 Model B Rev 1.5\n');
    expect(stdout).toContain('gpiochip0 [pinctrl-bcm2711] (58 lines)');
    for (const name of ['kernel', 'page size', 'memory', 'synced writes', 'write', 'time synchronized'])
      expect(stdout).toMatch(new RegExp(`^${name} +\\S.*\\d`, 'm'));
    expect(stdout).toMatch(/^pulses +not counted: no --jumper$/m);
    expect(await readdir(bin)).toEqual(before);
  });

  it('has no figures of a disk that is full, or takes no folder', async () => {
    await writeFile(join(bin, 'dd'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const before = await readdir(bin);
    const { stdout: full } = await report();
    await writeFile(join(bin, 'mktemp'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const { stdout: closed } = await report();
    for (const name of ['dd', 'mktemp']) await rm(join(bin, name));

    const figures = (text: string) =>
      text.split('\n').filter((line) => /^(synced writes|write|read) /.test(line));
    expect(figures(full)).toEqual([
      expect.stringMatching(/^synced writes +not measured: the disk did not take it$/),
      expect.stringMatching(/^write +not measured: the disk did not take it$/),
    ]);
    expect(figures(closed)).toEqual([
      expect.stringMatching(/^synced writes +not measured: .* takes no folder$/),
    ]);
    expect(await readdir(bin)).toEqual(before.filter((name) => name !== 'dd'));
  });

  it('counts what a jumper wire carries', async () => {
    const { stdout } = await report('--jumper', '17:27');

    expect(stdout).toMatch(
      /^pulses +500 of 500 counted at GPIO 27, sent by GPIO 17 of gpiochip0 in \d+ ms$/m,
    );
    expect(await readFile(join(bin, 'driven'), 'utf8')).toBe('17=0 gpiochip0\n');
  });

  it('refuses what is no pair of lines, and an option it does not know', async () => {
    await expect(report('--jumper', '17')).rejects.toMatchObject({ code: 1 });
    await expect(report('--jumpers')).rejects.toMatchObject({ code: 1 });
  });
});
