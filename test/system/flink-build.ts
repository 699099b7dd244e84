import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ANALYTICS = fileURLToPath(new URL('../../cloud/analytics', import.meta.url));

const isPresent = (command: string): boolean =>
  spawnSync(command, ['-version'], { stdio: 'ignore' }).error === undefined;

/** Builds the Flink job where it is not built yet. Throws with a word of advice where that cannot be done. */
export const ensureFlinkJob = (): void => {
  const missing = ['java', 'mvn'].filter((tool) => !isPresent(tool));
  const isBuilt = existsSync(`${ANALYTICS}/target/weather-analytics.args`);
  if (missing.includes('java') || (!isBuilt && missing.length > 0)) {
    throw new Error(
      `The chain needs Java 17 and Maven for the Flink job, and there is no ${missing.join(', no ')}. ` +
        'On Debian: apt-get install maven (brings Java 17). Without: npm run demo, which ends at the broker.',
    );
  }
  if (isBuilt) return;
  process.stdout.write('Building the Flink job, once ...\n');
  const { status } = spawnSync('mvn', ['-q', '-f', ANALYTICS, 'package', '-DskipTests'], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the Flink job could not be built');
};
