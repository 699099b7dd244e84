import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type AnalyticsProperties, PROPERTY_GROUP } from '../../../cloud/contract/analytics-properties.ts';

/**
 * The real Flink job, in a process of its own with a Flink mini cluster in it: stand-in for Managed Flink, not for the
 * job. It gets its properties as Managed Flink would give them, keeps checkpoints and can be killed.
 */
export type FlinkJob = {
  /** Rejects when the job ends by itself. */
  readonly failed: Promise<never>;
  /** What it logged: warnings and errors. */
  log(): string;
  /** Resolves when a checkpoint is there that began after the call. */
  checkpoint(): Promise<void>;
  /** `kill -9`: nothing is flushed, the last checkpoint stays. */
  kill(): Promise<void>;
};

/** Beside the deployed ones: what only runs without AWS set. */
export type LocalProperties = AnalyticsProperties & {
  readonly 'kinesis.endpoint': string;
  readonly 'firehose.endpoint': string;
  /** Seconds from an alert window's opening to its row; of event time a window always takes two minutes. */
  readonly 'alerts.close.seconds'?: string;
  readonly 'stations.reload.seconds'?: string;
};

const ARGUMENTS = fileURLToPath(
  new URL('../../../cloud/analytics/target/weather-analytics.args', import.meta.url),
);

const childrenOf = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];

/** `directory/JOB/chk-N`; one that Flink is just deleting, or has not completed, does not count. */
const latestCheckpoint = (directory: string): string | undefined =>
  childrenOf(directory)
    .flatMap(childrenOf)
    .map((path) => ({ path, metadata: statSync(join(path, '_metadata'), { throwIfNoEntry: false }) }))
    .filter(({ metadata }) => metadata !== undefined)
    .toSorted((a, b) => (b.metadata?.mtimeMs ?? 0) - (a.metadata?.mtimeMs ?? 0))[0]?.path;

const nextCheckpoint = async (directory: string, since: string | undefined): Promise<string | undefined> => {
  const giveUpAt = Date.now() + 60_000;
  let latest = latestCheckpoint(directory);
  while (latest === since) {
    if (Date.now() > giveUpAt) throw new Error(`no checkpoint came in ${directory}`);
    await setTimeout(50);
    latest = latestCheckpoint(directory);
  }
  return latest;
};

/**
 * `directory` is the job's own and holds its properties and checkpoints. A job started again on the same directory
 * goes on from the last checkpoint there.
 */
export const startFlinkJob = (properties: LocalProperties, directory: string): FlinkJob => {
  if (!existsSync(ARGUMENTS)) {
    throw new Error('The Flink job is not built: npm run test:analytics, which needs Java 17 and Maven.');
  }
  const propertiesFile = join(directory, 'application_properties.json');
  writeFileSync(
    propertiesFile,
    JSON.stringify([{ PropertyGroupId: PROPERTY_GROUP, PropertyMap: properties }]),
  );
  const checkpoints = join(directory, 'checkpoints');
  const restore = latestCheckpoint(checkpoints);
  const job = spawn(
    'java',
    [
      `@${ARGUMENTS}`,
      '--properties',
      propertiesFile,
      '-Dparallelism.default=1',
      '-Dexecution.checkpointing.interval=500ms',
      `-Dexecution.checkpointing.dir=file://${checkpoints}`,
      '-Dexecution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION',
      ...(restore ? [`-Dexecution.state-recovery.path=file://${restore}`] : []),
    ],
    {
      env: { ...process.env, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let log = '';
  job.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString('utf8')).slice(-20_000);
  });
  let killed = false;
  const exit = once(job, 'exit');
  const failed = exit.then(([code]): Promise<never> => {
    if (killed) return new Promise(() => undefined);
    throw new Error(`The Flink job ended with ${code}:\n${log}`);
  });
  // Whoever waits for it sees it; otherwise it is told where the rows are missed.
  failed.catch(() => undefined);
  return {
    failed,
    log: () => log,
    async checkpoint() {
      // The next one may have begun before; the one after it has not.
      await nextCheckpoint(checkpoints, await nextCheckpoint(checkpoints, latestCheckpoint(checkpoints)));
    },
    async kill() {
      killed = true;
      job.kill('SIGKILL');
      await exit;
    },
  };
};
