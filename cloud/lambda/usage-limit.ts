import {
  CreateUsageLimitCommand,
  DeleteUsageLimitCommand,
  ListUsageLimitsCommand,
  RedshiftServerlessClient,
  UpdateUsageLimitCommand,
} from '@aws-sdk/client-redshift-serverless';
import { customResource, textProperty } from './custom-resource.ts';

const client = new RedshiftServerlessClient();

const currentLimit = async (resourceArn: string): Promise<string | undefined> => {
  const { usageLimits = [] } = await client.send(
    new ListUsageLimitsCommand({ resourceArn, usageType: 'serverless-compute' }),
  );
  return usageLimits.find(({ period }) => period === 'daily')?.usageLimitId;
};

/** At the limit queries are refused until midnight UTC; what Firehose cannot load then is retried, then set aside. */
export const handler = customResource(async (request) => {
  const resourceArn = textProperty(request, 'resourceArn');
  const usageLimitId = await currentLimit(resourceArn);
  if (request.type === 'Delete') {
    if (usageLimitId !== undefined) await client.send(new DeleteUsageLimitCommand({ usageLimitId }));
    return;
  }
  const limit = { amount: Number(textProperty(request, 'hoursPerDay')), breachAction: 'deactivate' as const };
  if (usageLimitId !== undefined) {
    await client.send(new UpdateUsageLimitCommand({ ...limit, usageLimitId }));
    return;
  }
  await client.send(
    new CreateUsageLimitCommand({ ...limit, resourceArn, usageType: 'serverless-compute', period: 'daily' }),
  );
});
