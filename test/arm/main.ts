// `npm run test:arm [NAME...]`: makes what the emulated 64-bit ARM machines are made of, once, then runs the tests on them, those named
// *.long.test.ts only by name.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../vm/machine.ts';
import { armFolder } from './machine.ts';

const run = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'inherit', cwd: projectRoot }).status === 0;

const names = process.argv.slice(2);
const which = names.length > 0 ? names : ['--exclude', '**/*.long.test.ts'];
const isPassed =
  run(join(projectRoot, 'test/arm/make-machine.sh'), armFolder) &&
  run('vitest', 'run', '--config', 'test/arm/vitest.config.ts', ...which);
process.exitCode = isPassed ? 0 : 1;
