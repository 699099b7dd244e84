import { IoTClient } from '@aws-sdk/client-iot';
import { RedshiftClient } from '@aws-sdk/client-redshift';
import { S3Client } from '@aws-sdk/client-s3';
import { deployedAnalytics, readDeployedStack } from '../deployed-stack.ts';
import { pause } from '../pausing.ts';
import { runCommand, say } from './command-line.ts';

await runCommand(async () => {
  const stack = await readDeployedStack();
  await pause({
    iot: new IoTClient(),
    redshift: new RedshiftClient(),
    s3: new S3Client(),
    stack,
    analytics: deployedAnalytics(stack),
    report: say,
  });
  return 0;
});
