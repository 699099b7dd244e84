import { spawnSync } from 'node:child_process';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  DeleteNamespaceCommand,
  RedshiftServerlessClient,
  ResourceNotFoundException,
} from '@aws-sdk/client-redshift-serverless';
import { DeleteBucketCommand, ListObjectVersionsCommand, NoSuchBucket, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StackOutputs } from '../../../cloud/contract/outputs.ts';
import { isStackThere, readDeployedStack } from '../../../cloud/operations/deployed-stack.ts';
import { deploy } from '../../../cloud/operations/deploying.ts';
import { destroy } from '../../../cloud/operations/destroying.ts';
import { profileNames } from '../../../cloud/stack/profiles.ts';

const stack: StackOutputs = {
  TopicPrefix: 'weather',
  DeliveriesBucket: 'deliveries',
  ErrorsBucket: 'errors',
  StationsBucket: 'stations',
  ThingGroup: 'g',
  GatewayPolicy: 'p',
  ClaimPolicy: 'c',
  ProvisioningTemplate: 't',
  ClaimsTable: 'ct',
  AlertTopic: 'a',
  CopyRole: 'r',
  Workgroup: 'weathergateway',
};

describe('cloud:deploy', () => {
  const commandsOf = async (
    args: string[],
    { hasMaven = true, isJarBuilt = false, answer = undefined as string | undefined } = {},
  ): Promise<string[]> => {
    const commands: string[] = [];
    await deploy({
      args,
      run: (command, rest) => void commands.push([command, ...rest].join(' ')),
      isPresent: (command) => command === 'mvn' && hasMaven,
      isJarBuilt,
      ask: answer === undefined ? undefined : () => Promise.resolve(answer),
      report: (line) => void commands.push(line),
    });
    return commands;
  };

  it('builds the Flink job, then deploys with the settings as they were given', async () => {
    expect(await commandsOf(['-c', 'profile=post', '-c', 'alertEmail=a@example.org'])).toEqual([
      'mvn -q -f analytics package -DskipTests',
      'npx cdk deploy -c profile=post -c alertEmail=a@example.org',
    ]);
  });

  it('needs neither Java nor Maven where there is no Flink job, or another one', async () => {
    const post = ['-c', 'profile=post'];
    for (const args of [
      ...['lake', 'archive', 'tables'].map((name) => ['-c', `profile=${name}`]),
      [...post, '-c', 'analytics=false'],
      [...post, '-c', 'analyticsJar=/my.jar'],
    ]) {
      expect(await commandsOf(args, { hasMaven: false })).toEqual([`npx cdk deploy ${args.join(' ')}`]);
    }
  });

  it('needs them where analytics is added to a profile without', async () => {
    const args = ['-c', 'profile=tables', '-c', 'analytics=true'];
    expect((await commandsOf(args))[0]).toMatch(/^mvn/);
    await expect(commandsOf(args, { hasMaven: false })).rejects.toThrow('install Java 17 and Maven');
  });

  it('takes the job that is built where Maven is missing, and says so', async () => {
    expect(await commandsOf(['-c', 'profile=post'], { hasMaven: false, isJarBuilt: true })).toEqual([
      'Maven is not here: the Flink job is deployed as it was built',
      'npx cdk deploy -c profile=post',
    ]);
  });

  it.each([
    ['--context', 'profile=lake'],
    ['--context=profile=lake'],
    ['-cprofile=lake'],
    ['-c=profile=lake'],
  ])('takes a profile that is named as %s', async (...args) => {
    expect(await commandsOf(args)).toEqual([`npx cdk deploy ${args.join(' ')}`]);
  });

  it('explains the profiles with their prices and asks where none is named', async () => {
    const [explanation = '', ...commands] = await commandsOf(['-c', 'stations=1000'], { answer: 'tables' });

    for (const name of profileNames)
      expect(explanation).toMatch(new RegExp(`^  ${name} +[\\d.,]+   \\S`, 'm'));
    expect(explanation).toContain('for 1000 station(s), a reading every 12 s');
    expect(commands).toEqual(['npx cdk deploy -c stations=1000 -c profile=tables']);
    expect((await commandsOf([], { answer: '' })).at(-1)).toBe('npx cdk deploy -c profile=lake');
    await expect(commandsOf([], { answer: 'gold' })).rejects.toThrow('no profile gold; nothing was deployed');
  });

  it('says in one line what to name where there is nobody to ask', async () => {
    await expect(commandsOf([])).rejects.toThrow(
      /^name a profile: -c profile=lake\|post\|standard\|[a-z|]+ \(lake costs an amateur least\)$/,
    );
  });

  it('exits with an error without a terminal, before anything runs', () => {
    const { status, stdout, stderr } = spawnSync('npx', ['tsx', 'cloud/operations/commands/deploy.ts'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect({ status, stdout, lines: stderr.trim().split('\n').length }).toEqual({
      status: 1,
      stdout: '',
      lines: 1,
    });
    expect(stderr).toMatch(/^name a profile: /);
  });
});

describe('cloud:destroy', () => {
  const s3 = mockClient(S3Client);
  const redshift = mockClient(RedshiftServerlessClient);
  const run = async ({ endsWell = true, isThere = false, deletesData = true }) => {
    const lines: string[] = [];
    const isDone = await destroy({
      s3: new S3Client(),
      serverless: new RedshiftServerlessClient(),
      stack,
      deletesData,
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

  it('deletes the others where one cannot be deleted, and names what is left of a stack that is gone', async () => {
    s3.on(DeleteBucketCommand, { Bucket: 'deliveries' }).rejects(new Error('not empty'));
    redshift.on(DeleteNamespaceCommand).rejects(new Error('throttled'));

    const { isDone, text } = await run({});

    expect(isDone).toBe(false);
    expect(text).toContain('deliveries: not deleted (not empty): do it in the console');
    expect(text).toContain('errors: deleted');
    expect(text).toContain('stations: deleted');
    expect(text).toContain(
      'weathergateway: not deleted (throttled): aws redshift-serverless delete-namespace --namespace-name weathergateway',
    );
  });

  it('takes for deleted what somebody has deleted', async () => {
    s3.on(ListObjectVersionsCommand, { Bucket: 'errors' }).rejects(
      new NoSuchBucket({ message: 'none', $metadata: {} }),
    );
    redshift
      .on(DeleteNamespaceCommand)
      .rejects(new ResourceNotFoundException({ message: 'none', $metadata: {} }));

    expect((await run({})).isDone).toBe(true);
  });

  it('names the data also where it cannot tell whether the stack is gone', async () => {
    const lines: string[] = [];
    const destroying = destroy({
      s3: new S3Client(),
      serverless: new RedshiftServerlessClient(),
      stack,
      deletesData: true,
      destroyStack: () => true,
      isStackThere: () => Promise.reject(new Error('expired credentials')),
      report: (line) => void lines.push(line),
    });

    await expect(destroying).rejects.toThrow('expired credentials');
    expect(lines).toEqual(['Its data: deliveries, errors, stations, weathergateway']);
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
        StackName: 'WeatherGateway',
        CreationTime: new Date(),
        StackStatus: 'CREATE_COMPLETE' as const,
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
