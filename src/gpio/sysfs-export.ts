import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSysfsNumbering } from './header-chip.ts';

const SYSFS_GPIO = '/sys/class/gpio';

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
