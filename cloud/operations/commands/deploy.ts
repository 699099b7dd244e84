import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUILT_JAR } from '../../stack/analytics-jar.ts';
import { deploy } from '../deploying.ts';
import { openQuestions, runCommand, say } from './command-line.ts';

const CLOUD = fileURLToPath(new URL('../..', import.meta.url));

await runCommand(async () => {
  await deploy({
    args: process.argv.slice(2),
    run(command, args) {
      const { status } = spawnSync(command, args, { cwd: CLOUD, stdio: 'inherit' });
      if (status !== 0) throw new Error(`${command} ${args[0]} failed`);
    },
    isPresent: (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0,
    isJarBuilt: existsSync(BUILT_JAR),
    ask: openQuestions(),
    report: say,
  });
  return 0;
});
