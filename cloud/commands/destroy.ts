import { spawnSync } from 'node:child_process';
import { S3Client } from '@aws-sdk/client-s3';
import { readDeployedStack } from '../deployed-stack.ts';
import { deleteBucket } from '../emptying.ts';
import { runCommand, say } from './command-line.ts';

/** Removes the stack; `cdk destroy` asks first. Data goes only when it is named. */
await runCommand(async () => {
  const args = process.argv.slice(2);
  const stack = await readDeployedStack();
  const { status } = spawnSync('npx', ['cdk', 'destroy', ...args.filter((arg) => arg !== '--data')], {
    cwd: new URL('..', import.meta.url).pathname,
    stdio: 'inherit',
  });
  if (status !== 0) return 1;
  const buckets = [stack.DeliveriesBucket, stack.ErrorsBucket, stack.StationsBucket];
  if (!args.includes('--data')) {
    say(
      `Kept, with what is in them: ${buckets.join(', ')}, their log bucket, the Redshift namespace or snapshot.`,
    );
    return 0;
  }
  const s3 = new S3Client();
  for (const bucket of buckets) say(`${bucket}: deleted with ${await deleteBucket(s3, bucket)} object(s)`);
  say('Kept: the log bucket and the Redshift namespace (or the final snapshot); delete them in the console.');
  return 0;
});
