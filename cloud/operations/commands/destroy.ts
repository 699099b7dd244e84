import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RedshiftServerlessClient } from '@aws-sdk/client-redshift-serverless';
import { S3Client } from '@aws-sdk/client-s3';
import { isStackThere, readDeployedStack } from '../deployed-stack.ts';
import { destroy } from '../destroying.ts';
import { runCommand, say } from './command-line.ts';

await runCommand(async () => {
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
