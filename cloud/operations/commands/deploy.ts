import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUILT_JAR } from '../../stack/analytics-jar.ts';
import { profileNames } from '../../stack/profiles.ts';
import { deploy } from '../deploying.ts';
import { openQuestions, runCommand, say } from './command-line.ts';

const CLOUD = fileURLToPath(new URL('../..', import.meta.url));

const USAGE = `npm run cloud:deploy [-- -c profile=NAME] [-- …]   what cdk deploy takes; asks for the profile without one

-c profile=${profileNames.join('|')}
           docs/cloud.md has the others`;

await runCommand(USAGE, async () => {
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
