import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseGpiodetect, readSysfsNumbering } from '../../src/gpio/header-chip.ts';

describe('the chip of the header', () => {
  it.each([
    [
      'Pi 4',
      'gpiochip0 [pinctrl-bcm2711] (58 lines)\ngpiochip1 [raspberrypi-exp-gpio] (8 lines)\n',
      'gpiochip0',
    ],
    ['Pi 3', 'gpiochip0 [pinctrl-bcm2835] (54 lines)\ngpiochip1 [brcmvirt-gpio] (2 lines)\n', 'gpiochip0'],
    [
      'early Pi 5',
      'gpiochip0 [gpio-brcmstb@107d508500] (32 lines)\ngpiochip4 [pinctrl-rp1] (54 lines)\n',
      'gpiochip4',
    ],
    [
      'Pi 5',
      'gpiochip0 [pinctrl-rp1] (54 lines)\ngpiochip10 [gpio-brcmstb@107d508500] (32 lines)\n',
      'gpiochip0',
    ],
  ])('is found by its label on a %s', (_board, output, chip) => {
    expect(parseGpiodetect(output)).toBe(chip);
  });

  it.each([
    ['', 'found none'],
    ['gpiochip0 [INT34C5:00] (463 lines)\n', 'found INT34C5:00'],
  ])('is missed where there is none: %o', (output, complaint) => {
    expect(() => parseGpiodetect(output)).toThrow(complaint);
  });
});

describe('the sysfs numbers', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sysfs-gpio-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  const addChip = async (label: string, base: number, lineCount: number): Promise<void> => {
    const folder = join(root, `gpiochip${base}`);
    await mkdir(folder);
    await writeFile(join(folder, 'label'), `${label}\n`);
    await writeFile(join(folder, 'base'), `${base}\n`);
    await writeFile(join(folder, 'ngpio'), `${lineCount}\n`);
  };

  it.each([
    ['pinctrl-bcm2835', 0, 54],
    ['pinctrl-bcm2711', 512, 58],
    ['pinctrl-rp1', 571, 54],
  ])('count from the base of %s', async (label, base, lineCount) => {
    await addChip('raspberrypi-exp-gpio', base + 100, 8);
    await addChip(label, base, lineCount);

    const sysfsNumberOf = await readSysfsNumbering(root);

    expect([sysfsNumberOf(5), sysfsNumberOf(6)]).toEqual([base + 5, base + 6]);
    expect(() => sysfsNumberOf(lineCount)).toThrow(`${label} has no line ${lineCount}`);
  });

  it('are not guessed on another machine', async () => {
    await addChip('pca9555', 512, 16);

    await expect(readSysfsNumbering(root)).rejects.toThrow('found pca9555');
  });

  it('say when the kernel has no sysfs GPIO', async () => {
    await expect(readSysfsNumbering(join(root, 'none'))).rejects.toThrow('install gpiod instead');
  });
});
