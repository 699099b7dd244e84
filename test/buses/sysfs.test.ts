import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSimulatedSysfs, openLinuxSysfs, type Sysfs } from '../../src/buses/station-buses.ts';

const files = {
  'bus/w1/devices/28-1/temperature': '21562\n',
  'bus/w1/devices/28-2/temperature': '4125\n',
  'bus/w1/devices/28-2/name': '28-2\n',
};

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

const openReal = async (): Promise<Sysfs> => {
  const root = await mkdtemp(join(tmpdir(), 'sysfs-'));
  folders.push(root);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
  return openLinuxSysfs(root);
};

const openSimulated = (): Promise<Sysfs> =>
  Promise.resolve(
    createSimulatedSysfs(new Map(Object.entries(files).map(([file, text]) => [file, () => text]))),
  );

describe.each([
  { name: 'of Linux', open: openReal },
  { name: 'of the simulation', open: openSimulated },
])('sysfs $name', ({ open }) => {
  it('lists the names in a folder, each once', async () => {
    const sysfs = await open();

    expect([...(await sysfs.list('bus/w1/devices'))].sort()).toEqual(['28-1', '28-2']);
    expect([...(await sysfs.list('bus/w1/devices/28-2'))].sort()).toEqual(['name', 'temperature']);
  });

  it('reads the text of a file', async () => {
    expect(await (await open()).read('bus/w1/devices/28-1/temperature')).toBe('21562\n');
  });

  it('rejects with ENOENT where nothing is', async () => {
    const sysfs = await open();

    await expect(sysfs.list('bus/iio/devices')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(sysfs.read('bus/w1/devices/28-1/name')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the sysfs of the simulation', () => {
  it('fails a read as it is told', async () => {
    const error = Object.assign(new Error('EIO'), { code: 'EIO' });
    const sysfs = createSimulatedSysfs(new Map([['a/b', () => error]]));

    await expect(sysfs.read('a/b')).rejects.toBe(error);
  });
});
