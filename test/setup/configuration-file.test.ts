import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  keepOld,
  problemsOf,
  readBase,
  withAnswers,
  writeHindrance,
  writeWhole,
} from '../../src/setup/configuration-file.ts';

const SAMPLE = fileURLToPath(new URL('../../config/gateway.yaml', import.meta.url));

describe('the file that setup writes', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'setup-file-'));
    file = join(folder, 'gateway.yaml');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('begins as the sample where there is none, and where the present one is not sound', async () => {
    const sample = await readFile(SAMPLE, 'utf8');
    const without = await readBase(file, SAMPLE);
    await writeFile(file, 'station: { id: "1" }\n');
    const instead = await readBase(file, SAMPLE);

    expect(without).toMatchObject({ text: sample, problems: null });
    expect(Object.keys(without.present.sensors)).toContain('bme280');
    expect(instead.text).toBe(sample);
    expect(instead.problems?.map(({ key }) => key)).toContain('aws');
    await expect(readBase(file, join(folder, 'nothing.yaml'))).rejects.toThrow('nothing.yaml');
  });

  it('is the sample with the answers in it, line by line', async () => {
    const { text, present } = await readBase(file, SAMPLE);
    const { station, aws, sensors } = present;
    const written = withAnswers(
      { text, present },
      { aws, sensors, station: { ...station, timezone: 'Europe/London' } },
    );

    expect(written.split('\n').filter((line) => line !== '  timezone: Europe/London')).toEqual(
      text.split('\n'),
    );
  });

  it('is judged as check does, without its key and certificate', async () => {
    const sample = await readFile(SAMPLE, 'utf8');

    expect(problemsOf(file, sample)).toEqual([]);
    expect(problemsOf(file, `${sample}\nsensros: {}\n`)).toHaveLength(1);
  });

  it('is whole, keeps owner and mode of the one before, and follows a link to it', async () => {
    await writeWhole(file, 'first\n');
    const newMode = (await stat(file)).mode & 0o777;
    await chmod(file, 0o600);
    const named = join(folder, 'named.yaml');
    await symlink(file, named);
    await writeWhole(named, 'second\n');

    expect(newMode).toBe(0o640);
    expect(await readFile(file, 'utf8')).toBe('second\n');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(['gateway.yaml', 'named.yaml']);
  });

  it('is refused where it cannot be written, through a link as well, before anything is asked', async () => {
    const link = join(folder, 'link.yaml');
    await writeFile(file, '');

    expect(await writeHindrance(file)).toBeNull();
    expect(await writeHindrance(join(folder, 'new.yaml'))).toBeNull();
    expect(await writeHindrance(folder)).toBe(`${folder} is a directory: name another file by --config`);
    expect(await writeHindrance(join(folder, 'none', 'gateway.yaml'))).toBe(
      `there is no folder ${join(folder, 'none')}`,
    );
    await symlink('/dev/null', link);
    expect(await writeHindrance(link)).toBe(`${link} is a device or a socket: name another file by --config`);
  });

  it('leaves nothing behind where it cannot be put in place', async () => {
    await expect(writeWhole(join(folder, 'no', 'gateway.yaml'), 'x')).rejects.toThrow('ENOENT');

    expect(existsSync(join(folder, 'no'))).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  it('stays under a second name when another takes its place', async () => {
    await writeFile(file, 'first\n');
    const kept = await keepOld(file, '20261129');
    await writeWhole(file, 'second\n');

    expect(kept).toMatch(/gateway\.yaml\.20261129$/);
    expect(await readFile(kept, 'utf8')).toBe('first\n');
    await expect(keepOld(file, '20261129')).rejects.toThrow('EEXIST');
  });
});
