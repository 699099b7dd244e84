import { existsSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The pin controllers behind the 40-pin header: Pi 5, Pi 4 family, Pi 0 to 3. Their lines are BCM numbers; the chip's
 * number and sysfs base change with the kernel, the label does not.
 */
const headerChipLabels = ['pinctrl-rp1', 'pinctrl-bcm2711', 'pinctrl-bcm2835'];

const missing = (found: readonly string[]): Error =>
  new Error(
    `no GPIO chip of a Raspberry Pi's header (${headerChipLabels.join(', ')}); found ${found.join(', ') || 'none'}`,
  );

/** `gpiochipN` of the header, out of what gpiodetect prints. */
export const parseGpiodetect = (output: string): string => {
  const chips = [...output.matchAll(/^(gpiochip\d+) \[([^\]]*)\]/gm)];
  const header = chips.find(([, , label = '']) => headerChipLabels.includes(label));
  if (header?.[1] !== undefined) return header[1];
  throw missing(chips.map(([, , label = '']) => label));
};

/** The kernel-global number of a BCM line, which sysfs goes by. */
export type SysfsNumbering = (bcm: number) => number;

export const SYSFS_GPIO = '/sys/class/gpio';

/** Rejects where the kernel has no sysfs GPIO or shows no header. */
export const readSysfsNumbering = async (root = SYSFS_GPIO): Promise<SysfsNumbering> => {
  const names = await readdir(root).catch((cause: unknown) => {
    throw new Error(`${root} is not there: this kernel has no sysfs GPIO; install gpiod instead`, { cause });
  });
  const labels: string[] = [];
  for (const name of names.filter((entry) => entry.startsWith('gpiochip'))) {
    const attribute = async (file: string): Promise<string> =>
      (await readFile(join(root, name, file), 'utf8')).trim();
    const label = await attribute('label');
    labels.push(label);
    if (!headerChipLabels.includes(label)) continue;
    const [base, lineCount] = [Number(await attribute('base')), Number(await attribute('ngpio'))];
    return (bcm) => {
      if (bcm < lineCount) return base + bcm;
      throw new Error(`${label} has no line ${bcm}`);
    };
  }
  throw missing(labels);
};

/** Gives a line back that sysfs has, by its kernel-global number; throws where that is not permitted. */
export const unexportLine = (sysfsNumber: number, root = SYSFS_GPIO): void => {
  if (existsSync(join(root, `gpio${sysfsNumber}`))) writeFileSync(join(root, 'unexport'), `${sysfsNumber}`);
};

/**
 * Gives lines, by BCM number, back from sysfs, which refuses them to libgpiod: an output that the other backend drove
 * stays exported, and so does what a killed process exported. That another process lives with the line does not show.
 * Where sysfs is not there or not permitted, nothing happens; whoever then asks for the line hears that it is busy.
 */
export const takeFromSysfs = async (gpios: readonly number[], root = SYSFS_GPIO): Promise<void> => {
  const sysfsNumberOf = await readSysfsNumbering(root).catch(() => null);
  if (sysfsNumberOf === null) return;
  for (const gpio of gpios) {
    try {
      unexportLine(sysfsNumberOf(gpio), root);
    } catch {
      // As above.
    }
  }
};
