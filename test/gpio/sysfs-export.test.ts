import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeFromSysfs, unexportLine } from '../../src/gpio/header-chip.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sysfs-export-'));
  const chip = join(root, 'gpiochip512');
  await mkdir(chip);
  await writeFile(join(chip, 'label'), 'pinctrl-bcm2711\n');
  await writeFile(join(chip, 'base'), '512\n');
  await writeFile(join(chip, 'ngpio'), '58\n');
});
afterEach(() => rm(root, { recursive: true }));

const exportLine = (sysfsNumber: number) => mkdir(join(root, `gpio${sysfsNumber}`));
const unexported = (): Promise<string | null> => readFile(join(root, 'unexport'), 'utf8').catch(() => null);

describe('a line that sysfs has', () => {
  it('is given back by its number on the header', async () => {
    await exportLine(512 + 17);

    await takeFromSysfs([5, 17, 27], root);

    expect(await unexported()).toBe('529');
  });

  it('is left alone where it is not wanted', async () => {
    await exportLine(512 + 17);

    await takeFromSysfs([5, 6], root);

    expect(await unexported()).toBeNull();
  });

  it('does not keep the next from being given back', async () => {
    await exportLine(512 + 17);

    await takeFromSysfs([58, 17], root);

    expect(await unexported()).toBe('529');
  });

  it('stays where giving it back is not permitted', async () => {
    await exportLine(512 + 17);
    await mkdir(join(root, 'unexport'));

    expect(() => unexportLine(529, root)).toThrow('EISDIR');
    expect(await takeFromSysfs([17], root)).toBeUndefined();
  });

  it('is none without sysfs, or without a header', async () => {
    expect(await takeFromSysfs([17], join(root, 'none'))).toBeUndefined();
    await exportLine(512 + 17);
    await writeFile(join(root, 'gpiochip512', 'label'), 'pca9555\n');

    await takeFromSysfs([17], root);

    expect(await unexported()).toBeNull();
  });
});
