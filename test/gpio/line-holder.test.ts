import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLineHolder, gpiosetScript, sysfsScript } from '../../src/gpio/line-holder.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'line-holder-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('an output line through sysfs', () => {
  const file = (name: string): string => join(folder, 'gpio529', name);
  const level = async (): Promise<string> => (await readFile(file('value'), 'utf8')).trim();

  beforeEach(async () => {
    await mkdir(join(folder, 'gpio529'));
    await Promise.all(['value', 'direction', 'active_low'].map((name) => writeFile(file(name), '')));
  });

  const create = (isActiveLow = false) =>
    createLineHolder({
      gpio: 17,
      isActiveLow,
      makeScript: (inactiveLevel) => Promise.resolve(sysfsScript(529, inactiveLevel, folder)),
    });

  it('follows what it is told and ends inactive', async () => {
    const line = create();

    await line.set(true);
    expect(await level()).toBe('1');
    await line.set(false);
    expect(await level()).toBe('0');
    await line.set(true);
    await line.close();

    expect(await level()).toBe('0');
    expect((await readFile(file('direction'), 'utf8')).trim()).toBe('low');
  });

  it('is high when inactive, where active is low, from the beginning', async () => {
    const line = create(true);
    await line.set(true);
    expect(await level()).toBe('0');
    expect((await readFile(file('direction'), 'utf8')).trim()).toBe('high');

    await line.close();

    expect(await level()).toBe('1');
  });

  it('ends inactive when the process that drives it is killed', async () => {
    const script = sysfsScript(529, 0, folder);
    const daemon = spawn(process.execPath, [
      '-e',
      `const child = require('node:child_process').spawn('/bin/sh', ['-c', process.argv[1]], { stdio: 'pipe' });
       child.stdin.write('1\\n');
       setInterval(() => undefined, 1000);`,
      script,
    ]);
    await vi.waitFor(async () => expect(await level()).toBe('1'), 60_000);

    daemon.kill('SIGKILL');

    await vi.waitFor(async () => expect(await level()).toBe('0'), 60_000);
  });

  it('is given up with the reason where it cannot be driven, and taken up again', async () => {
    await rm(join(folder, 'gpio529'), { recursive: true });
    await mkdir(join(folder, 'export'));
    const line = create();

    await expect(line.set(true)).rejects.toThrow(/^GPIO 17 cannot be driven: .*[Dd]irectory/);
    await mkdir(join(folder, 'gpio529'));
    await Promise.all(['value', 'direction'].map((name) => writeFile(file(name), '')));
    await line.set(true);

    expect(await level()).toBe('1');
    await line.close();
  });

  it('refuses to be driven once closed', async () => {
    const line = create();
    await line.close();

    await expect(line.set(true)).rejects.toThrow('GPIO 17 is closed');
  });

  it('says why it was not found', async () => {
    const line = createLineHolder({
      gpio: 17,
      isActiveLow: false,
      makeScript: () => Promise.reject(new Error('no GPIO chip')),
    });

    await expect(line.set(true)).rejects.toThrow('no GPIO chip');
    await line.close();
  });
});

describe('an output line through gpioset', () => {
  let path: string;

  /** Stands in for gpioset: keeps what it was called with, and an open file named like a request for a line. */
  beforeEach(async () => {
    path = `${folder}:${process.env['PATH'] ?? ''}`;
    await writeFile(join(folder, 'gpio-line'), '');
    await writeFile(
      join(folder, 'gpioset'),
      `#!/bin/sh
echo "$*" >>${join(folder, 'calls')}
[ -e ${join(folder, 'busy')} ] && { echo "gpioset: Device or resource busy" >&2; exit 1; }
case "$*" in *exit*|*"toggle 0"*) exit 0 ;; esac
exec sleep 60 3<${join(folder, 'gpio-line')}
`,
    );
    await chmod(join(folder, 'gpioset'), 0o755);
  });

  const calls = async (): Promise<string[]> =>
    (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');

  const create = (version: 1 | 2, isActiveLow = false) =>
    createLineHolder({
      gpio: 17,
      isActiveLow,
      makeScript: (inactiveLevel) =>
        Promise.resolve(
          `PATH=${path}\n${gpiosetScript({ version, chip: 'gpiochip0' }, { gpio: 17, inactiveLevel })}`,
        ),
    });

  it('is held by one gpioset after the other, and set inactive at the end', async () => {
    const line = create(1);
    await line.set(true);
    await line.set(false);
    await line.close();

    expect(await calls()).toEqual([
      '--mode=signal --bias=pull-down gpiochip0 17=1',
      '--mode=signal --bias=pull-down gpiochip0 17=0',
      '--mode=exit --bias=pull-down gpiochip0 17=0',
    ]);
  });

  it('is driven in the way of libgpiod 2, active low', async () => {
    const line = create(2, true);
    await line.set(true);
    await line.close();

    expect(await calls()).toEqual([
      '--bias=pull-up --chip gpiochip0 17=0',
      '--toggle 0 --bias=pull-up --chip gpiochip0 17=1',
    ]);
  });

  it('says why gpioset did not get it', async () => {
    await writeFile(join(folder, 'busy'), '');

    await expect(create(1).set(true)).rejects.toThrow(
      'GPIO 17 cannot be driven: gpioset: Device or resource busy',
    );
  });
});
