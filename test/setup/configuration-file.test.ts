import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isThere, keepOld, problemsOf, readBase, writeWhole } from '../../src/setup/configuration-file.ts';

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

  it('leaves nothing behind where it cannot be put in place', async () => {
    await expect(writeWhole(join(folder, 'no', 'gateway.yaml'), 'x')).rejects.toThrow('ENOENT');

    expect(await isThere(join(folder, 'no'))).toBe(false);
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
