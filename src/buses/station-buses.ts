import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EdgeSource, OutputLine, OutputLineOptions } from '../gpio/lines.ts';
import type { I2cBus } from '../i2c/i2c-bus.ts';

/** What the kernel shows as files. Paths are relative to its root, /sys unless said. Rejects with the errors of node:fs. */
export type Sysfs = {
  /** Names in a folder. */
  list(folder: string): Promise<readonly string[]>;
  /** The whole text of a file. A read may take as long as the measurement behind it. */
  read(file: string): Promise<string>;
};

export const openLinuxSysfs = (root = '/sys'): Sysfs => ({
  list: (folder) => readdir(join(root, folder)),
  read: (file) => readFile(join(root, file), 'utf8'),
});

/** Files whose texts are made when they are read; a text may be an error of node:fs, which the read then rejects with. */
export const createSimulatedSysfs = (files: ReadonlyMap<string, () => string | Error>): Sysfs => ({
  list: (folder) => {
    const inside = [...files.keys()].filter((file) => file.startsWith(`${folder}/`));
    const names = inside.map((file) => file.slice(folder.length + 1).split('/')[0] ?? '');
    return names.length === 0 ? Promise.reject(noSuchFile(folder)) : Promise.resolve([...new Set(names)]);
  },
  read: (file) => {
    const text = files.get(file)?.() ?? noSuchFile(file);
    return typeof text === 'string' ? Promise.resolve(text) : Promise.reject(text);
  },
});

const noSuchFile = (path: string): Error =>
  Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' });

/** All that drivers and effects touch the world by: the machine's own, or the simulation's. */
export type StationBuses = {
  readonly i2cBus: I2cBus;
  readonly sysfs: Sysfs;
  /** `/proc`. */
  readonly procfs: Sysfs;
  readonly edgeSource: EdgeSource;
  openOutputLine(options: OutputLineOptions): Promise<OutputLine>;
  /** Closes everything above; output lines end inactive. */
  close(): Promise<void>;
};
