import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * `npm run test:analytics`: the Flink job's build and tests, where Java and Maven are. Maven's own chatter is kept off
 * the terminal; Surefire's lines stay, for they say what was tested.
 */
const QUIET = ['-B', '-ntp', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
const LOG = '-Dorg.slf4j.simpleLogger.log.org.apache.maven';
const VOICES = [`${LOG}.plugin.surefire=info`, `${LOG}.plugins.shade=error`];
const pom = fileURLToPath(new URL('../cloud/analytics/pom.xml', import.meta.url));

const missing = ['javac', 'mvn'].filter((tool) => spawnSync(tool, ['-version'], { stdio: 'ignore' }).error);

if (missing.length > 0) {
  console.warn(
    `LEFT OUT: the Flink job was neither built nor tested, for there is no ${missing.join(', no ')}.`,
  );
  console.warn('On Debian: apt-get install maven openjdk-17-jdk-headless');
} else {
  const { status } = spawnSync('mvn', [...QUIET, ...VOICES, '-f', pom, 'verify'], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
