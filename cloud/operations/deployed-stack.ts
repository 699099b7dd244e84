import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { KinesisAnalyticsV2Client } from '@aws-sdk/client-kinesis-analytics-v2';
import { z } from 'zod';
import { outputsSchema, type StackOutputs } from '../contract/outputs.ts';
import { type AnalyticsJob, openAnalyticsJob } from '../lambda/analytics-job.ts';
import type { DataApiTarget } from '../sql/data-api.ts';

const STACK_NAME = 'WeatherGateway';

const findStack = async (client: CloudFormationClient): Promise<Stack | undefined> => {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: STACK_NAME }));
    return Stacks[0];
  } catch (error) {
    // How CloudFormation says that there is none.
    if (error instanceof Error && /does not exist/.test(error.message)) return undefined;
    throw error;
  }
};

/** What the commands work on. Throws with a word of advice where there is no such stack. */
export const readDeployedStack = async (client = new CloudFormationClient()): Promise<StackOutputs> => {
  const stack = await findStack(client);
  if (stack === undefined)
    throw new Error(
      `there is no stack ${STACK_NAME} in this account and region: set AWS_PROFILE or AWS_REGION, or deploy it`,
    );
  const outputs = stack.Outputs ?? [];
  const parsed = outputsSchema.safeParse(
    Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue }) => [OutputKey, OutputValue])),
  );
  if (!parsed.success) {
    throw new Error(
      `the stack ${STACK_NAME} is not whole, deploy it again:\n${z.prettifyError(parsed.error)}`,
    );
  }
  return parsed.data;
};

/** Whether any stack of that name is left, whatever its state. */
export const isStackThere = async (client = new CloudFormationClient()): Promise<boolean> =>
  (await findStack(client)) !== undefined;

/** `undefined` without a warehouse. */
export const warehouseOf = ({
  Database,
  DatabaseSecret,
  Workgroup,
  Cluster,
}: StackOutputs): DataApiTarget | undefined =>
  Database === undefined || DatabaseSecret === undefined
    ? undefined
    : { database: Database, secretArn: DatabaseSecret, workgroupName: Workgroup, clusterIdentifier: Cluster };

/** `undefined` without analytics. */
export const deployedAnalytics = ({ AnalyticsApplication: name }: StackOutputs): AnalyticsJob | undefined =>
  name === undefined ? undefined : openAnalyticsJob(new KinesisAnalyticsV2Client(), name);
