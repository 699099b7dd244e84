import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RedshiftServerlessClient } from '@aws-sdk/client-redshift-serverless';
import { S3Client } from '@aws-sdk/client-s3';
import { isStackThere, readDeployedStack } from '../deployed-stack.ts';
import { destroy } from '../destroying.ts';
import { runCommand, say } from './command-line.ts';

const USAGE = `npm run cloud:destroy [-- --data]   removes the stack, and what cdk destroy takes

--data   once the stack is gone, its buckets and tables as well`;

await runCommand(USAGE, async () => {
  const args = process.argv.slice(2);
  const isDone = await destroy({
    s3: new S3Client(),
    serverless: new RedshiftServerlessClient(),
    stack: await readDeployedStack(),
    destroyStack: () =>
      spawnSync('npx', ['cdk', 'destroy', ...args.filter((arg) => arg !== '--data')], {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        stdio: 'inherit',
      }).status === 0,
    isStackThere,
    deletesData: args.includes('--data'),
    report: say,
  });
  return isDone ? 0 : 1;
});
