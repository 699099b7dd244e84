import { link, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFile, replaceFile } from '../../src/store/durable-file.ts';
import { onFullDisk } from '../fakes/full-disk.ts';

describe('a new file', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'new-file-'));
    path = join(folder, 'a');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const create = (linkFile: typeof link = link) => createFile(path, 'new', { mode: 0o600 }, linkFile);
  const without = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

  it.each([
    ['a disk with links', link],
    ['a USB stick, which has none', without('EPERM')],
  ])('is whole, for its owner alone, on %s', async (_, linkFile) => {
    expect(await create(linkFile)).toBe(true);

    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('is complete before it has its name', async () => {
    let content = '';
    await create(async (draft, to) => {
      content = await readFile(draft, 'utf8');
      await expect(stat(to)).rejects.toThrow('ENOENT');
      await link(draft, to);
    });
    expect(content).toBe('new');
  });

  it.each([
    ['a file', () => writeFile(path, 'mine')],
    ['a link to nothing', () => symlink(join(folder, 'none'), path)],
  ])('does not take the name of %s', async (_, put) => {
    await put();
    const before = await readFile(path, 'utf8').catch(() => null);

    expect(await create()).toBe(false);

    expect(await readFile(path, 'utf8').catch(() => null)).toBe(before);
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('is that of one of two who make it at once, complete', async () => {
    let isOther = false;
    const slower: typeof link = async (draft, to) => {
      isOther = await createFile(path, 'other', { mode: 0o600 });
      await link(draft, to);
    };

    expect([await create(slower), isOther]).toEqual([false, true]);

    expect(await readFile(path, 'utf8')).toBe('other');
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('does not take a name that somebody else takes meanwhile', async () => {
    const beaten: typeof link = async (draft, to) => {
      await writeFile(to, 'mine');
      await link(draft, to);
    };
    expect(await create(beaten)).toBe(false);
    expect(await readFile(path, 'utf8')).toBe('mine');
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('writes through no link that lies where its draft goes', async () => {
    await writeFile(join(folder, 'other'), 'mine');
    await symlink(join(folder, 'other'), `${path}.draft`);

    expect(await create()).toBe(true);

    expect(await readFile(join(folder, 'other'), 'utf8')).toBe('mine');
    expect(await readdir(folder)).toEqual(['a', 'a.draft', 'other']);
  });

  it('is not there in part on a full disk', async () => {
    const writing = onFullDisk(() => createFile(path, 'x'.repeat(1_000), { mode: 0o600 }));
    await expect(writing).rejects.toThrow('EFBIG');
    expect(await readdir(folder)).toEqual([]);
  });

  it('says why where it cannot be linked', async () => {
    await expect(create(without('EIO'))).rejects.toThrow('EIO');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a file that is replaced', () => {
  it('is written through no link that lies where its draft goes, and has the rights it is given', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'replaced-file-'));
    const path = join(folder, 'a');
    await writeFile(path, 'old');
    await writeFile(join(folder, 'other'), 'mine');
    await symlink(join(folder, 'other'), `${path}.draft`);

    await replaceFile(path, 'new', { mode: 0o640 });

    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readFile(join(folder, 'other'), 'utf8')).toBe('mine');
    expect(await readdir(folder)).toEqual(['a', 'other']);
    await rm(folder, { recursive: true });
  });

  it('stays as it was on a full disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'replaced-file-'));
    const path = join(folder, 'a');
    await writeFile(path, 'old');

    await expect(onFullDisk(() => replaceFile(path, 'x'.repeat(1_000), { mode: 0o600 }))).rejects.toThrow(
      'EFBIG',
    );

    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a']);
    await rm(folder, { recursive: true });
  });
});
