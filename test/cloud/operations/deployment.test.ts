import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DeleteNamespaceCommand, RedshiftServerlessClient } from '@aws-sdk/client-redshift-serverless';
import { DeleteBucketCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StackOutputs } from '../../../cloud/contract/outputs.ts';
import { isStackThere, readDeployedStack } from '../../../cloud/operations/deployed-stack.ts';
import { deploy } from '../../../cloud/operations/deploying.ts';
import { destroy } from '../../../cloud/operations/destroying.ts';

const stack: StackOutputs = {
  ...{ TopicPrefix: 'weather', DeliveriesBucket: 'deliveries', ErrorsBucket: 'errors' },
  ...{ StationsBucket: 'stations', ThingGroup: 'g', GatewayPolicy: 'p', ClaimPolicy: 'c' },
  ...{
    ProvisioningTemplate: 't',
    ClaimsTable: 'ct',
    AlertTopic: 'a',
    CopyRole: 'r',
    Workgroup: 'weathergateway',
  },
};

describe('cloud:deploy', () => {
  const commandsOf = (args: string[], { hasMaven = true, isJarBuilt = false } = {}): string[] => {
    const commands: string[] = [];
    deploy({
      args,
      run: (command, rest) => void commands.push([command, ...rest].join(' ')),
      isPresent: (command) => command === 'mvn' && hasMaven,
      isJarBuilt,
      report: (line) => void commands.push(line),
    });
    return commands;
  };

  it('builds the Flink job, then deploys with the settings as they were given', () => {
    expect(commandsOf(['-c', 'profile=post', '-c', 'alertEmail=a@example.org'])).toEqual([
      'mvn -q -f analytics package -DskipTests',
      'npx cdk deploy -c profile=post -c alertEmail=a@example.org',
    ]);
  });

  it('needs neither Java nor Maven where there is no Flink job, or another one', () => {
    for (const setting of ['profile=archive', 'profile=tables', 'analytics=false', 'analyticsJar=/my.jar']) {
      expect(commandsOf(['-c', setting], { hasMaven: false })).toEqual([`npx cdk deploy -c ${setting}`]);
    }
  });

  it('needs them where analytics is added to a profile without', () => {
    const args = ['-c', 'profile=tables', '-c', 'analytics=true'];
    expect(commandsOf(args)[0]).toMatch(/^mvn/);
    expect(() => commandsOf(args, { hasMaven: false })).toThrow('install Java 17 and Maven');
  });

  it('takes the job that is built where Maven is missing, and says so', () => {
    expect(commandsOf([], { hasMaven: false, isJarBuilt: true })).toEqual([
      'Maven is not here: the Flink job is deployed as it was built',
      'npx cdk deploy',
    ]);
  });
});

describe('cloud:destroy', () => {
  const s3 = mockClient(S3Client);
  const redshift = mockClient(RedshiftServerlessClient);
  const run = async ({ endsWell = true, isThere = false, deletesData = true }) => {
    const lines: string[] = [];
    const isDone = await destroy({
      ...{ s3: new S3Client(), serverless: new RedshiftServerlessClient(), stack, deletesData },
      destroyStack: () => endsWell,
      isStackThere: () => Promise.resolve(isThere),
      report: (line) => void lines.push(line),
    });
    const deleted = s3.commandCalls(DeleteBucketCommand).map(({ args }) => args[0].input.Bucket);
    const namespaces = redshift
      .commandCalls(DeleteNamespaceCommand)
      .map(({ args }) => args[0].input.namespaceName);
    return { isDone, deleted: [...deleted, ...namespaces], text: lines.join('\n') };
  };
  beforeEach(() => {
    s3.reset();
    redshift.reset();
    s3.on(ListObjectVersionsCommand).resolves({});
  });

  it('keeps the data unless it is named', async () => {
    expect(await run({ deletesData: false })).toEqual({
      isDone: true,
      deleted: [],
      text: expect.stringMatching(
        /^Kept, with what is in them: deliveries, errors, stations[\s\S]*delete-namespace --namespace-name weathergateway$/,
      ),
    });
  });

  it('deletes the buckets and the tables once the stack is gone', async () => {
    expect(await run({})).toMatchObject({
      isDone: true,
      deleted: ['deliveries', 'errors', 'stations', 'weathergateway'],
    });
  });

  it('touches no data when the person answers no, or the stack stays for another reason', async () => {
    expect(await run({ isThere: true })).toMatchObject({ isDone: false, deleted: [] });
    expect(await run({ endsWell: false })).toMatchObject({ isDone: false, deleted: [] });
  });
});

describe('the deployed stack', () => {
  const cloudFormation = mockClient(CloudFormationClient);
  beforeEach(() => {
    cloudFormation.reset();
  });
  const outputs = (names: object) => ({
    Stacks: [
      {
        ...{ StackName: 'WeatherGateway', CreationTime: new Date(), StackStatus: 'CREATE_COMPLETE' as const },
        Outputs: Object.entries(names).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
      },
    ],
  });

  it('is what its outputs say', async () => {
    cloudFormation.on(DescribeStacksCommand).resolves(outputs(stack));

    expect(await readDeployedStack()).toEqual(stack);
    expect(await isStackThere()).toBe(true);
  });

  it('is named with what it lacks when it is not whole', async () => {
    cloudFormation.on(DescribeStacksCommand).resolves(outputs({ TopicPrefix: 'weather' }));

    await expect(readDeployedStack()).rejects.toThrow(/deploy it again:[\s\S]*DeliveriesBucket/);
  });

  it('is gone only when CloudFormation says so', async () => {
    cloudFormation
      .on(DescribeStacksCommand)
      .rejects(new Error('Stack with id WeatherGateway does not exist'));
    expect(await isStackThere()).toBe(false);

    cloudFormation.on(DescribeStacksCommand).rejects(new Error('no credentials'));
    await expect(isStackThere()).rejects.toThrow('no credentials');
  });
});
