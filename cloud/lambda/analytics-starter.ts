import { KinesisAnalyticsV2Client } from '@aws-sdk/client-kinesis-analytics-v2';
import { openAnalyticsJob } from './analytics-job.ts';
import { customResource, textProperty } from './custom-resource.ts';

/** Starts the job when a deploy made or changed it, and stops it before CloudFormation deletes it. */
export const handler = customResource(async (request) => {
  const job = openAnalyticsJob(new KinesisAnalyticsV2Client(), textProperty(request, 'applicationName'));
  await (request.type === 'Delete' ? job.stop() : job.start());
});
