import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { BUILT_JAR } from '../analytics-jar.ts';
import { runCommand, say } from './command-line.ts';

const CLOUD = new URL('..', import.meta.url).pathname;

const isPresent = (command: string): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

const run = (command: string, args: readonly string[]): void => {
  const { status } = spawnSync(command, args, { cwd: CLOUD, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed`);
};

/** `cdk deploy` with a Flink job that is as new as its sources: Maven looks at them. */
await runCommand(() => {
  const args = process.argv.slice(2);
  const needsJar = !args.some((arg) =>
    /^(analyticsJar=|analytics=false$|profile=(tables|archive)$)/.test(arg),
  );
  if (needsJar) {
    if (isPresent('mvn')) run('mvn', ['-q', '-f', 'analytics', 'package', '-DskipTests']);
    else if (existsSync(BUILT_JAR))
      say(`Maven is not here: the Flink job is deployed as it was built, ${BUILT_JAR}`);
    else
      throw new Error(
        'the Flink job has to be built first: install Java 17 and Maven, or use -c profile=archive',
      );
  }
  run('npx', ['cdk', 'deploy', ...args]);
  return Promise.resolve(0);
});
