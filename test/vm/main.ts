// `npm run test:vm [NAME...]`: makes what the machines are made of, once and before any of them, then runs their suites, those
// named *.long.test.ts only by name.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { builtKernel, debian13, findKernel, projectRoot } from './machine.ts';

const run = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'inherit', cwd: projectRoot }).status === 0;

const script = (name: string): string => join(projectRoot, 'test/vm', name);

const ensureAddons = (): boolean =>
  ['i2c-bus', 'epoll'].every((name) => existsSync(join(projectRoot, 'node_modules', name, 'build'))) ||
  run('npm', ['run', '--silent', 'build:addons']);

const ensureKernel = (): boolean =>
  findKernel() !== undefined || run(script('build-kernel.sh'), [builtKernel]);

/** Debian 13 has Node.js 20, and the addons are built for the Node.js that runs this. */
const isNodeOfDebian13 = process.versions.node.startsWith('20.');

/** Elsewhere than on Debian, and without a network, the suites do with what is installed. */
const tryDebian13 = (): void => {
  // An older one will do where no other can be made.
  if ((isNodeOfDebian13 && run(script('debian-13.sh'), [debian13])) || existsSync(debian13)) return;
  console.warn('LEFT OUT: the service on Debian 13 and libgpiod 2. That needs Debian and Node.js 20.');
};

const runSuites = (names: readonly string[]): number => {
  const which = names.length > 0 ? names : ['--exclude', '**/*.long.test.ts'];
  const { status } = spawnSync('vitest', ['run', '--config', 'test/vm/vitest.config.ts', ...which], {
    stdio: 'inherit',
    cwd: projectRoot,
  });
  return status ?? 1;
};

if (!ensureAddons() || !ensureKernel()) {
  console.warn(
    'LEFT OUT: the emulated machine, for there is no kernel or no compiler for the addons, as said above.',
  );
} else {
  tryDebian13();
  process.exitCode = runSuites(process.argv.slice(2));
}
