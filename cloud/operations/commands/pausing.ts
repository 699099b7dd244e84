import { IoTClient } from '@aws-sdk/client-iot';
import { RedshiftClient } from '@aws-sdk/client-redshift';
import { S3Client } from '@aws-sdk/client-s3';
import { deployedAnalytics, readDeployedStack } from '../deployed-stack.ts';
import { pause, resume } from '../pausing.ts';
import { runCommand, say } from './command-line.ts';

const works = { pause, resume };

const USAGE = `npm run cloud:pause    stops what costs by the hour, and the stations' connections
npm run cloud:resume   starts what pause stopped`;

/** The two npm scripts differ in their argument alone. */
await runCommand(USAGE, async () => {
  const [name = '', ...others] = process.argv.slice(2);
  if (!(name === 'pause' || name === 'resume') || others.length > 0) throw new Error(USAGE);
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
