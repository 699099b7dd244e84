import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MOSQUITTO } from './mosquitto.ts';

const ANALYTICS = fileURLToPath(new URL('../../cloud/analytics', import.meta.url));
const BUILT = `${ANALYTICS}/target/weather-analytics.args`;
const JAVA = 17;

const isThere = (command: string): boolean =>
  spawnSync(command, ['-version'], { stdio: 'ignore' }).error === undefined;

/** `null` where there is no Java; `1.8.0` counts as 1, which is as much too old as 8. */
const javaVersion = (): number | null => {
  const { stderr, error } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return error === undefined ? Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) : null;
};

const missingNeeds = (): string[] => {
  const java = javaVersion();
  const builders = existsSync(BUILT) ? [] : ['javac', 'mvn'];
  return [
    ...(existsSync(MOSQUITTO) ? [] : [`mosquitto (${MOSQUITTO})`]),
    ...(java === null ? ['java'] : []),
    ...(java !== null && java < JAVA ? [`java ${JAVA} or later (there is ${java})`] : []),
    ...builders.filter((program) => !isThere(program)),
  ];
};

/**
 * Sees to what the chain needs beside Node.js, and builds the Flink job where it is not built yet. Throws with all that
 * is missing and how to come by it, before anything is started.
 */
export const ensureChainNeeds = (): void => {
  const missing = missingNeeds();
  if (missing.length > 0) {
    throw new Error(
      `The chain needs what is not here: ${missing.join(', ')}.\n` +
        'On Debian: apt-get install mosquitto maven openjdk-17-jdk-headless\n' +
        'Without them: npm run demo, which ends at the broker and needs Node.js only.',
    );
  }
  if (existsSync(BUILT)) return;
  process.stdout.write('Building the Flink job, once; Maven fetches what it needs ...\n');
  const { status } = spawnSync('mvn', ['-q', '-B', '-ntp', '-f', ANALYTICS, 'package', '-DskipTests'], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the Flink job could not be built');
};
