import { IoTClient } from '@aws-sdk/client-iot';
import { RedshiftClient } from '@aws-sdk/client-redshift';
import { S3Client } from '@aws-sdk/client-s3';
import { deployedAnalytics, readDeployedStack } from '../deployed-stack.ts';
import { pause, resume } from '../pausing.ts';
import { runCommand, say } from './command-line.ts';

const works = { pause, resume };

/** The two npm scripts differ in their argument alone. */
await runCommand(async () => {
  const [name = ''] = process.argv.slice(2);
  if (!(name === 'pause' || name === 'resume')) throw new Error('npm run cloud:pause, npm run cloud:resume');
  const stack = await readDeployedStack();
  await works[name]({
    iot: new IoTClient(),
    redshift: new RedshiftClient(),
    s3: new S3Client(),
    stack,
    analytics: deployedAnalytics(stack),
    report: say,
  });
  return 0;
});
