import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * `tsx test/where-there-is.ts PROGRAM… -- COMMAND…`: runs a suite where its programs are installed. Elsewhere it says
 * what was left out and what is missing; in CI that is a failure.
 */
const separator = process.argv.indexOf('--');
const programs = process.argv.slice(2, separator);
const [command = '', ...args] = process.argv.slice(separator + 1);

/** Debian puts mosquitto and the file system tools where only root looks. */
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];

const isInstalled = (program: string): boolean =>
  folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

const missing = programs.filter((program) => !isInstalled(program));
if (missing.length > 0) {
  console.warn(`LEFT OUT: "${[command, ...args].join(' ')}", for there is no ${missing.join(', no ')}.`);
  console.warn('On Debian .ci/run installs everything (as root).');
  process.exitCode = process.env['CI'] === 'true' ? 1 : 0;
} else {
  process.exitCode = spawnSync(command, args, { stdio: 'inherit' }).status ?? 1;
}
