import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AthenaClient, CreateWorkGroupCommand, ListQueryExecutionsCommand } from '@aws-sdk/client-athena';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CreateTableCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  AddThingToThingGroupCommand,
  CancelJobCommand,
  CancelJobExecutionCommand,
  CreatePolicyCommand,
  CreateThingGroupCommand,
  DescribeCertificateCommand,
  DescribeJobCommand,
  GetJobDocumentCommand,
  IoTClient,
  ListJobsCommand,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import {
  GetThingShadowCommand,
  IoTDataPlaneClient,
  UpdateThingShadowCommand,
} from '@aws-sdk/client-iot-data-plane';
import { RedshiftClient } from '@aws-sdk/client-redshift';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StackOutputs } from '../../cloud/contract/outputs.ts';
import { parseStations } from '../../cloud/contract/stations.ts';
import { backfill } from '../../cloud/operations/backfill.ts';
import { listClaim, revokeClaim } from '../../cloud/operations/claims.ts';
import {
  certificateIdFrom,
  certificatesOf,
  enrollStation,
  revokeCertificate,
  revokeStation,
} from '../../cloud/operations/enrolment.ts';
import { bundlePlace, downloadBundle } from '../../cloud/operations/job-diagnostics.ts';
import { makeClaim } from '../../cloud/operations/making-claim.ts';
import { pause, resume } from '../../cloud/operations/pausing.ts';
import { listStations } from '../../cloud/operations/station-file.ts';
import { bundleFunction } from '../../cloud/stack/bundle.ts';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import { type Moto, startMoto } from './moto.ts';

const stack: StackOutputs = {
  TopicPrefix: 'weather',
  DeliveriesBucket: 'deliveries',
  ErrorsBucket: 'errors',
  StationsBucket: 'stations',
  ThingGroup: 'stations',
  GatewayPolicy: 'gateway',
  ClaimPolicy: 'claim',
  ProvisioningTemplate: 'template',
  ClaimsTable: 'claims',
  AlertTopic: 'alerts',
  CopyRole: 'arn:aws:iam::123456789012:role/delivery',
};

/** A signing request as `weather-gateway enroll` makes one; moto reads its subject. */
const requestOf = (id: string): string => {
  const { stdout, status } = spawnSync(
    'openssl',
    [
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', '/dev/null', '-subj', `/CN=${id}`],
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error('openssl made no request');
  return stdout;
};

/** A stack of the name that the commands look for, with nothing in it but its outputs. */
const createStackWithOutputs = async (client: CloudFormationClient): Promise<void> => {
  const TemplateBody = JSON.stringify({
    Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
    Outputs: Object.fromEntries(Object.entries(stack).map(([name, Value]) => [name, { Value }])),
  });
  await client.send(new CreateStackCommand({ StackName: 'WeatherGateway', TemplateBody }));
};

describe('the commands against moto', () => {
  let moto: Moto;
  let iot: IoTClient;
  let s3: S3Client;
  let dynamo: DynamoDBClient;
  const lines: string[] = [];
  const pausing = () => ({
    iot,
    s3,
    stack,
    redshift: new RedshiftClient(moto.clientConfig),
    analytics: undefined,
    report: (line: string): void => void lines.push(line),
  });
  const statusOf = async (certificateId: string): Promise<string | undefined> =>
    (await iot.send(new DescribeCertificateCommand({ certificateId }))).certificateDescription?.status;
  const enroll = async (id: string): Promise<string> => {
    const before = new Set(await certificatesOf(iot, id));
    await enrollStation(iot, stack, { id, requestPem: requestOf(id) }, () => Promise.resolve());
    const added = (await certificatesOf(iot, id)).find((arn) => !before.has(arn));
    return added?.split('/').at(-1) ?? '';
  };

  /** Of a process whose AWS is moto. */
  const motoEnvironment = () => {
    const { endpoint, region, credentials } = moto.clientConfig;
    return {
      ...{ AWS_ENDPOINT_URL: endpoint, AWS_REGION: region, NODE_NO_WARNINGS: '1' },
      ...{ AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
    };
  };
  /** Another process of Node.js, without a terminal. */
  const runNode = (args: string[], environment: Record<string, string>) =>
    new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
      const env = { ...process.env, ...environment, ...motoEnvironment() };
      const child = execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
        resolve({ status: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      );
      child.stdin?.end();
    });

  beforeAll(async () => {
    moto = await startMoto();
    iot = new IoTClient(moto.clientConfig);
    s3 = new S3Client(moto.clientConfig);
    dynamo = new DynamoDBClient(moto.clientConfig);
    await createStackWithOutputs(new CloudFormationClient(moto.clientConfig));
    await iot.send(new CreateThingGroupCommand({ thingGroupName: 'stations' }));
    const policyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [] });
    for (const policyName of ['gateway', 'claim'])
      await iot.send(new CreatePolicyCommand({ policyName, policyDocument }));
    for (const Bucket of ['deliveries', 'stations']) await s3.send(new CreateBucketCommand({ Bucket }));
    await dynamo.send(
      new CreateTableCommand({
        TableName: 'claims',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
  });
  afterAll(() => moto.stop());

  it('enrol a station, and list it beside the others', async () => {
    const first = await enroll('1');
    await listStations(s3, 'stations', [{ deviceid: '1', weatherstationname: 'UK-Worthing', timezone: '' }]);
    await listStations(s3, 'stations', [{ deviceid: '2', weatherstationname: 'UK-Hove', timezone: '' }]);

    expect(await statusOf(first)).toBe('ACTIVE');
    const file = await s3.send(new GetObjectCommand({ Bucket: 'stations', Key: 'stations.csv' }));
    expect(
      parseStations((await file.Body?.transformToString()) ?? '').stations.map(({ deviceid }) => deviceid),
    ).toEqual(['1', '2']);
  });

  it('renew a certificate without cutting the station off, and revoke the old one alone', async () => {
    const old = await enroll('17');
    const renewed = await enroll('17');
    expect(await statusOf(old)).toBe('ACTIVE');
    const fingerprint = `SHA256 Fingerprint=${(old.match(/../g) ?? []).join(':').toUpperCase()}`;

    await revokeCertificate(iot, '17', certificateIdFrom(fingerprint));

    expect((await certificatesOf(iot, '17')).map((arn) => arn.split('/').at(-1))).toEqual([renewed]);
    expect(await statusOf(renewed)).toBe('ACTIVE');
    await expect(revokeCertificate(iot, '17', old)).rejects.toThrow('17 has no certificate');
  });

  it('revoke all certificates of a station', async () => {
    await enroll('18');
    await enroll('18');
    await revokeClaim(dynamo, 'claims', '18');

    expect(await revokeStation(iot, '18')).toBe(2);
    expect(await certificatesOf(iot, '18')).toEqual([]);
    expect(await revokeStation(iot, 'never seen')).toBe(0);
  });

  describe('let cards in by the claim', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weather-claim-'));
    const hook = bundleFunction('provisioning-hook');
    afterAll(() => {
      for (const each of [folder, hook]) rmSync(each, { recursive: true });
    });
    const certificateFor = async (name: string): Promise<string> =>
      (await (await createCertificateAuthority('AWS')).issueClient(name)).certificate;
    /** What the bundled function says; the table is moto's. */
    const ask = async (parameters: object, certificatePem: string): Promise<unknown> => {
      const event = JSON.stringify({ parameters, certificatePem, claimCertificateId: 'claim' });
      const script = `const { handler } = await import('${hook}/index.mjs');
        console.log(JSON.stringify(await handler(${event})));`;
      const { stdout, stderr } = await runNode(['--input-type=module', '-e', script], {
        CLAIMS_TABLE: 'claims',
      });
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout);
    };
    const list = (csv: string) => {
      writeFileSync(join(folder, 'list.csv'), csv);
      return runNode(
        ['--import', 'tsx', 'cloud/operations/commands/enroll.ts', '--csv', join(folder, 'list.csv')],
        {},
      );
    };

    it('from one list: the board is found by its key, and the key of the card alone comes back', async () => {
      const { status, stdout, stderr } = await list(
        'deviceid,weatherstationname,timezone,serial\n41,UK-Lancing,Europe/London,10000000ABCDEF01\n42,UK-Hove,,\n',
      );
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(stdout).toContain('41, board 10000000abcdef01 is listed as UK-Lancing');
      const [card, other] = [await certificateFor('card'), await certificateFor('other')];
      const board = { SerialNumber: '10000000abcdef01' };

      // Who knows the station and not the board is somebody else.
      expect(await ask({ StationId: '41' }, other)).toEqual({ allowProvisioning: false });
      const { parameterOverrides, ...allowed } = (await ask(board, card)) as {
        parameterOverrides: Record<string, string>;
      };
      expect(allowed).toEqual({ allowProvisioning: true });
      expect(parameterOverrides).toMatchObject({ StationId: '41', StationName: 'UK-Lancing' });
      expect(parameterOverrides['Endpoint']).toMatch(/amazonaws\.com$/);
      expect(await ask(board, other)).toEqual({ allowProvisioning: false });
      expect(await ask(board, card)).toMatchObject({ allowProvisioning: true });
      expect(await ask({ SerialNumber: 'unlisted' }, card)).toEqual({ allowProvisioning: false });

      // Registered: with a certificate too the same key may come back, as after a lost answer, and no other.
      await enroll('41');
      expect(await ask(board, card)).toMatchObject({ allowProvisioning: true });
      expect(await ask(board, other)).toEqual({ allowProvisioning: false });
      await revokeClaim(dynamo, 'claims', '41');
      expect(await ask(board, card)).toEqual({ allowProvisioning: false });
    }, 60_000);

    it('again from a list that has grown: who has registered or was revoked is left as it is', async () => {
      const claim = { name: 'X', endpoint: 'e.example' };
      await listClaim(dynamo, 'claims', { id: '51', serial: 'board-51', ...claim }, true);
      expect(await ask({ SerialNumber: 'board-51' }, await certificateFor('card'))).toMatchObject({
        allowProvisioning: true,
      });
      await revokeClaim(dynamo, 'claims', '52');

      const { stdout } = await list(
        'deviceid,weatherstationname,serial\n51,A,board-51\n52,B,board-52\n53,C,board-53\n',
      );

      expect(stdout.trim().split('\n')).toEqual([
        '51 has registered already and is left as it is',
        '52 was revoked and stays out: --list 52 lets it in again',
        '53, board board-53 is listed as C and may register once by the claim',
      ]);
      expect(await ask({ SerialNumber: 'board-52' }, await certificateFor('card'))).toEqual({
        allowProvisioning: false,
      });
      expect(await listClaim(dynamo, 'claims', { id: '52', ...claim }, true)).toBe('expected');
    }, 60_000);

    it('with a folder that holds the claim, whose key and certificate belong together', async () => {
      const id = await makeClaim(iot, stack, join(folder, 'claim'));

      expect(await statusOf(id)).toBe('ACTIVE');
      const read = (name: string): string => readFileSync(join(folder, 'claim', name), 'utf8');
      expect(read('claim.yaml')).toMatch(/^endpoint: \S+\.amazonaws\.com\ntemplate: template\n$/);
      expect(read('claim.pem')).toMatch(/^-----BEGIN CERTIFICATE/);
      expect(read('claim.key')).toContain('PRIVATE KEY');
      await expect(makeClaim(iot, stack, join(folder, 'claim'))).rejects.toThrow('holds something already');
    });
  });

  it('pause and resume, and switch on only what pause switched off', async () => {
    const kept = await enroll('20');
    const off = await enroll('21');
    await iot.send(new UpdateCertificateCommand({ certificateId: off, newStatus: 'INACTIVE' }));

    await pause(pausing());
    expect(await statusOf(kept)).toBe('INACTIVE');
    await pause(pausing());
    await resume(pausing());

    expect(await statusOf(kept)).toBe('ACTIVE');
    expect(await statusOf(off)).toBe('INACTIVE');
  });

  it('load manifests once, out of a bucket with odd names', async () => {
    const key = "errors/manifests/2026/11/28/it's a +manifest";
    await s3.send(
      new PutObjectCommand({
        Bucket: 'deliveries',
        Key: key,
        Body: JSON.stringify({ entries: [{ url: 's3://deliveries/gaps/2026/file.gz', mandatory: true }] }),
      }),
    );
    const statements: string[] = [];
    const session = {
      transaction: (sql: readonly string[]) => Promise.resolve(void statements.push(...sql)),
      query: () => Promise.resolve([]),
    };
    const load = () =>
      backfill({
        s3,
        session,
        bucket: 'deliveries',
        copyRole: stack.CopyRole,
        isDryRun: false,
        report: (line) => void lines.push(line),
      });

    expect(await load()).toBe(0);
    expect(await load()).toBe(0);

    expect(statements.length).toBe(1);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'deliveries' }));
    expect(Contents.map(({ Key }) => Key)).toEqual([`loaded/${key}`]);
  });

  it('compact the finished days of a lake and delete what was compacted, nothing else', async () => {
    const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: 'lake', Key, Body: '{}' }));
    const dayAgo = (days: number): string =>
      new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
    await s3.send(new CreateBucketCommand({ Bucket: 'lake' }));
    const kept = [
      `sensordata/day=${dayAgo(1)}/c.gz`,
      `sensordata/day=${dayAgo(0)}/d.gz`,
      'sensordata/failed/e.gz',
    ];
    const old = [
      `sensordata/day=${dayAgo(2)}/a.gz`,
      `sensordata/day=${dayAgo(2)}/b.gz`,
      'gaps/day=2026-01-02/a.gz',
    ];
    for (const key of [...kept, ...old]) await put(key);
    const athena = new AthenaClient(moto.clientConfig);
    await athena.send(
      new CreateWorkGroupCommand({
        Name: 'weather',
        Configuration: { ResultConfiguration: { OutputLocation: 's3://lake/athena-results/' } },
      }),
    );
    const folder = bundleFunction('lake-compaction', 'sql');

    const { status, stderr } = await runNode(
      [
        '--input-type=module',
        '-e',
        `const { handler } = await import('${folder}/index.mjs'); await handler();`,
      ],
      {
        ...{ LAKE_DATABASE: 'weather', LAKE_WORKGROUP: 'weather', HAS_ANALYTICS: 'false' },
        DELIVERIES_BUCKET: 'lake',
      },
    );

    expect({ status, stderr }).toMatchObject({ status: 0 });
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'lake' }));
    expect(Contents.map(({ Key = '' }) => Key).filter((key) => !key.startsWith('athena-results/'))).toEqual(
      kept.toSorted(),
    );
    const { QueryExecutionIds = [] } = await athena.send(
      new ListQueryExecutionsCommand({ WorkGroup: 'weather' }),
    );
    expect(QueryExecutionIds.length).toBe(2);
    rmSync(folder, { recursive: true });
  });

  describe('ask stations by cloud:job', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weather-job-'));
    const command = ['--import', 'tsx', 'cloud/operations/commands/job.ts'];
    const job = (...args: string[]) => runNode([...command, ...args], {});
    const idsIn = (text: string): string[] => [...text.matchAll(/^job (\S+)/gm)].map(([, id = '']) => id);
    const documentOf = async (jobId: string): Promise<unknown> =>
      JSON.parse((await iot.send(new GetJobDocumentCommand({ jobId }))).document ?? '');
    const cancel = async (jobId: string, thingName: string): Promise<void> => {
      await iot.send(new CancelJobExecutionCommand({ jobId, thingName }));
      await iot.send(new CancelJobCommand({ jobId, reasonCode: 'test' }));
    };
    beforeAll(async () => {
      for (const name of ['61', '62']) await enroll(name);
      await iot.send(new CreateThingGroupCommand({ thingGroupName: 'coast' }));
      for (const thingName of ['61', '62'])
        await iot.send(new AddThingToThingGroupCommand({ thingName, thingGroupName: 'coast' }));
      await s3.send(new CreateBucketCommand({ Bucket: 'errors' }));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it('one station, or a group with a rate and a threshold', async () => {
      const one = await job('log-level', '--station', '61', '--level', 'debug');
      const [id = ''] = idsIn(one.stdout);
      expect(one).toMatchObject({ status: 0, stderr: '' });
      expect(one.stdout).toBe(`job ${id} for station 61\nlook again: npm run cloud:job -- show ${id}\n`);
      expect(await documentOf(id)).toEqual({ verb: 'log-level', level: 'debug', minutes: 60 });

      const many = await job('restart', '--group', 'coast', '--per-minute', '2', '--abort-percent', '10');
      const [jobId = ''] = idsIn(many.stdout);
      const { job: made } = await iot.send(new DescribeJobCommand({ jobId }));
      expect(made?.targets?.[0]).toMatch(/:thinggroup\/coast$/);
      expect(made?.jobExecutionsRolloutConfig).toEqual({ maximumPerMinute: 2 });
      expect(made?.abortConfig?.criteriaList?.[0]).toMatchObject({ thresholdPercentage: 10 });
      expect(made?.timeoutConfig).toEqual({ inProgressTimeoutInMinutes: 60 });
    }, 60_000);

    it('and sends nothing that a station would not take, or that names nobody', async () => {
      const before = (await iot.send(new ListJobsCommand({}))).jobs?.length;
      const refused = await Promise.all([
        job('shell', '--station', '61'),
        job('doctor', '--station', '61', '--level', 'debug'),
        job('doctor', '--station', 'nobody'),
        job('doctor', '--group', 'nowhere'),
        job('doctor', '--group', 'coast', '--per-minute', '0'),
        job('doctor'),
        job('doctor', '--station', '61', '--to', folder),
      ]);

      expect(refused.map(({ status, stderr }) => [status, stderr.split('\n')[0]])).toEqual([
        [1, expect.stringContaining('verb: ')],
        [1, expect.stringContaining('level')],
        [1, 'there is no station "nobody" in this account and region'],
        [1, 'there is no group "nowhere" in this account and region'],
        [1, '--per-minute: a whole number from 1 to 1000, not "0"'],
        [1, expect.stringContaining('npm run cloud:job -- VERB --station ID|--group NAME')],
        [1, '--to belongs to diagnostics --watch, and to show'],
      ]);
      expect((await iot.send(new ListJobsCommand({}))).jobs?.length).toBe(before);
    }, 120_000);

    it('for a report from each, by a URL of its own', async () => {
      const { status, stdout } = await job('diagnostics', '--group', 'coast');
      expect(status).toBe(0);
      const ids = idsIn(stdout);
      expect(ids.length).toBe(2);
      for (const [index, id] of ids.entries()) {
        const station = ['61', '62'][index] ?? '';
        const key = `diagnostics/${station}/${id}.json.gz`;
        expect(stdout).toContain(`job ${id} for station ${station}; its answer: s3://errors/${key}`);
        const { url } = (await documentOf(id)) as { url: string };
        const { searchParams } = new URL(url);
        expect([...searchParams.keys()].filter((key) => /checksum/i.test(key))).toEqual([]);
        expect(searchParams.get('X-Amz-Expires')).toBe('86400');
        // As a station does it: with a length alone.
        expect((await fetch(url, { method: 'PUT', body: `report of ${station}` })).status).toBe(200);
        const file = await downloadBundle(s3, bundlePlace('errors', station, id), folder);
        expect(readFileSync(file, 'utf8')).toBe(`report of ${station}`);
      }
    }, 60_000);

    it('for an update of one station, from the bucket of the stack', async () => {
      const archive = 'an archive';
      const base = join(folder, 'weather-gateway-9.0.0-linux-arm64');
      const manifest = JSON.stringify({
        ...{ version: '9.0.0', architecture: 'linux-arm64', nodeAbi: 115, unpackedSize: 100 },
        ...{ size: archive.length, sha256: createHash('sha256').update(archive).digest('hex') },
      });
      writeFileSync(`${base}.tar.gz`, archive);
      writeFileSync(`${base}.json`, manifest);
      writeFileSync(`${base}.json.sig`, 'signature');
      const sent = await job('update', '--station', '61', '--release', `${base}.tar.gz`);
      const [id = ''] = idsIn(sent.stdout);
      expect(sent).toMatchObject({ status: 0, stderr: '' });
      const { job: made } = await iot.send(new DescribeJobCommand({ jobId: id }));
      expect(made?.timeoutConfig).toEqual({ inProgressTimeoutInMinutes: 900 });
      const { releases } = (await documentOf(id)) as { releases: { manifest: string; url: string }[] };
      expect(releases).toMatchObject([{ manifest, signature: 'signature' }]);
      const answer = await fetch(releases[0]?.url ?? '', { headers: { range: 'bytes=3-' } });
      expect([answer.status, await answer.text()]).toEqual([206, 'archive']);

      const refused = await Promise.all([
        job('update', '--group', 'coast'),
        job('update', '--group', 'coast', '--release', `${base}.tar.gz`, '--first', '99'),
        job('doctor', '--station', '61', '--release', `${base}.tar.gz`),
      ]);
      expect(refused.map(({ status, stderr }) => [status, stderr.split('\n')[0]])).toEqual([
        [1, 'update: name the archive by --release FILE, one for each architecture'],
        [1, 'the station "99" is not in the group'],
        [1, '--release and --first belong to update'],
      ]);
    }, 120_000);

    it('and fails when a station did not do it', async () => {
      const { stdout } = await job('doctor', '--station', '62');
      const [id = ''] = idsIn(stdout);
      expect(await job('show', id)).toMatchObject({ status: 0, stdout: '62: QUEUED\n' });
      await cancel(id, '62');

      expect(await job('show', id, '--watch')).toMatchObject({
        status: 1,
        stdout: `62: CANCELED\n${id} was canceled: test\n62: CANCELED\n`,
      });
    }, 60_000);

    it('and leaves the job alone at Ctrl-C', async () => {
      const child = spawn(process.execPath, [...command, 'doctor', '--station', '61', '--watch'], {
        env: { ...process.env, ...motoEnvironment() },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        // More than once, as from a terminal and from npm.
        if (output.includes('61: QUEUED')) child.kill('SIGINT');
      });
      const [status] = await once(child, 'close');

      const [id = ''] = idsIn(output);
      expect(output).toContain(`the job goes on; look again: npm run cloud:job -- show ${id}\n`);
      expect(status).toBe(130);
      expect((await iot.send(new DescribeJobCommand({ jobId: id }))).job?.status).toBe('QUEUED');
    }, 60_000);
  });

  describe('configure stations by cloud:configure', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weather-configure-'));
    const command = ['--import', 'tsx', 'cloud/operations/commands/configure.ts'];
    const configure = (...args: string[]) => runNode([...command, ...args], {});
    const file = join(folder, 'slower.yaml');
    const bad = join(folder, 'bad.yaml');
    const values = { reporting: { intervalSeconds: 60 } };
    let data: IoTDataPlaneClient;
    const shadowOf = async (thingName: string) => {
      const command = new GetThingShadowCommand({ thingName, shadowName: 'config' });
      const { payload } = await data.send(command);
      return JSON.parse(payload?.transformToString() ?? '');
    };
    const wantedOf = async (thingName: string) =>
      (await shadowOf(thingName)).state.desired.configuration as [{ id: string; values: object }];
    /** As the station does by MQTT. */
    const says = async (thingName: string, reported: object): Promise<void> => {
      const payload = Buffer.from(JSON.stringify({ state: { reported } }));
      await data.send(new UpdateThingShadowCommand({ thingName, shadowName: 'config', payload }));
    };
    /** Runs it, and does something at a line of it. */
    const watching = async (
      args: readonly string[],
      steps: Readonly<Record<string, (kill: () => void) => unknown>>,
    ) => {
      const child = spawn(process.execPath, [...command, ...args, '--watch'], {
        env: { ...process.env, ...motoEnvironment() },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      const done = new Set<string>();
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        for (const [line, step] of Object.entries(steps)) {
          if (done.has(line) || !output.includes(line)) continue;
          done.add(line);
          step(() => child.kill('SIGINT'));
        }
      });
      const [status] = await once(child, 'close');
      return { status, output };
    };

    beforeAll(async () => {
      data = new IoTDataPlaneClient(moto.clientConfig);
      for (const name of ['71', '72']) await enroll(name);
      await iot.send(new CreateThingGroupCommand({ thingGroupName: 'hills' }));
      for (const thingName of ['71', '72'])
        await iot.send(new AddThingToThingGroupCommand({ thingName, thingGroupName: 'hills' }));
      writeFileSync(file, 'reporting:\n  intervalSeconds: 60\n');
      writeFileSync(bad, 'reporting:\n  intervalSeconds: 0\naws: { endpoint: evil.example }\n');
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it('one station or all of a group, and take it back', async () => {
      const all = await configure('--group', 'hills', file, '--per-minute', '600');
      const [{ id }] = await wantedOf('71');
      expect(all).toEqual({
        ...{ status: 0, stderr: '' },
        stdout:
          `${id} for station 71\n${id} for station 72\n` +
          'look again: npm run cloud:configure -- --group hills --show\n',
      });
      expect(await wantedOf('71')).toEqual([{ id, values }]);
      expect(await wantedOf('72')).toEqual([{ id, values }]);

      expect(await configure('--station', '72', '--clear')).toMatchObject({ status: 0, stderr: '' });
      const [back] = await wantedOf('72');
      expect(back).toEqual({ id: expect.not.stringMatching(id), values: {} });

      await says('71', { configuration: [{ id, values }], state: 'kept' });
      expect(await configure('--group', 'hills', '--show')).toEqual({
        ...{ status: 0, stderr: '' },
        stdout: [
          '71: kept',
          `  wanted: ${id}`,
          `  in force: ${id}`,
          '    reporting.intervalSeconds: 60',
          '72: waiting (it has never reported)',
          `  wanted: ${back.id}\n`,
        ].join('\n'),
      });
    }, 60_000);

    it('with nothing that a station would refuse, and not where nobody is named', async () => {
      const { version } = await shadowOf('71');
      const refused = await Promise.all([
        configure('--station', '71', bad),
        configure('--station', '71', join(folder, 'absent.yaml')),
        configure('--station', 'nobody', file),
        configure('--group', 'nowhere', '--clear'),
        configure('--station', '71', '--group', 'hills', file),
        configure('--station', '71'),
        configure('--station', '71', file, '--clear'),
        configure('--group', 'hills', file, '--per-minute', '0'),
      ]);

      const usage = expect.stringMatching(/^npm run cloud:configure -- --station ID\|--group NAME FILE/);
      expect(refused.map(({ status, stderr }) => [status, stderr.trim()])).toEqual([
        [
          78,
          expect.stringMatching(
            /^\S+bad\.yaml:2:20: reporting\.intervalSeconds: found 0; allowed: .*\n\S+bad\.yaml:3:1: aws: found an unknown key; allowed: reporting, [^\n]*$/,
          ),
        ],
        [78, expect.stringContaining('absent.yaml: found no such file')],
        [1, 'there is no station "nobody" in this account and region'],
        [1, 'there is no group "nowhere" in this account and region'],
        [1, usage],
        [1, usage],
        [1, usage],
        [1, '--per-minute: a whole number from 1 to 1000, not "0"'],
      ]);
      expect((await shadowOf('71')).version).toBe(version);
    }, 120_000);

    it('and watch them until each has kept it or has a problem', async () => {
      const problem = { path: 'sensors.sht4x', found: 'a sensor', allowed: 'none' };
      const { status, output } = await watching(['--group', 'hills', file, '--per-minute', '600'], {
        '71: waiting': async () => await says('71', { configuration: await wantedOf('71'), state: 'kept' }),
        '72: waiting': async () => {
          const [{ id }] = await wantedOf('72');
          await says('72', { configuration: [], state: 'own', problem: { id, ...problem } });
        },
      });

      expect(output).toContain('\n71: kept\n72: problem: sensors.sht4x: found a sensor; allowed: none\n');
      expect(output).toContain('  in force: its file alone\n');
      expect(status).toBe(1);
    }, 60_000);

    it('and leave them alone at Ctrl-C', async () => {
      const { status, output } = await watching(['--station', '71', file], {
        '71: waiting': (kill) => kill(),
      });

      expect(output).toContain(
        'the stations go on; look again: npm run cloud:configure -- --station 71 --show\n',
      );
      expect(status).toBe(130);
      expect(await wantedOf('71')).toMatchObject([{ values }]);
    }, 60_000);
  });

  describe('from their command lines', () => {
    let folder: string;
    const enrolled = (...args: string[]) =>
      runNode(['--import', 'tsx', 'cloud/operations/commands/enroll.ts', ...args], {});
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'weather-enroll-'));
      writeFileSync(join(folder, 'device.csr'), requestOf('31'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it('cloud:enroll signs with --yes alone, and a second time with --replace alone', async () => {
      const csr = join(folder, 'device.csr');
      const asked = await enrolled(csr, '--station', 'UK-Hove');
      expect(asked).toMatchObject({ status: 1, stderr: expect.stringContaining('there is nobody to ask') });
      expect(await certificatesOf(iot, '31')).toEqual([]);

      const first = await enrolled(csr, '--station', 'UK-Hove', '--timezone', 'Europe/London', '--yes');
      expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining('id: "31"') });
      expect(readFileSync(join(folder, '31.pem'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
      const [old = ''] = await certificatesOf(iot, '31');

      const again = await enrolled(csr, '--station', 'UK-Hove', '--yes');
      expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('add --replace') });
      expect(await certificatesOf(iot, '31')).toEqual([old]);

      const replaced = await enrolled(csr, '--station', 'UK-Hove', '--yes', '--replace');
      expect(replaced).toMatchObject({
        status: 0,
        stdout: expect.stringContaining(`cloud:revoke -- 31 --certificate ${old.split('/').at(-1)}`),
      });
      expect((await certificatesOf(iot, '31')).length).toBe(2);
      const file = await s3.send(new GetObjectCommand({ Bucket: 'stations', Key: 'stations.csv' }));
      expect(await file.Body?.transformToString()).toContain('31,UK-Hove,');
    });

    it('cloud:enroll takes the certificate back that it cannot write, and can be run again', async () => {
      const csr = join(folder, 'unwritten.csr');
      writeFileSync(csr, requestOf('33'));
      const file = join(folder, '33.pem');
      mkdirSync(file);

      expect(await enrolled(csr, '--station', 'UK-Hove', '--yes')).toEqual({
        status: 1,
        stdout: expect.stringMatching(/^Station 33, "UK-Hove"; SHA-256 of its public key:\n[0-9a-f]{64}\n$/),
        stderr: `${file} cannot be written (EISDIR); the new certificate was taken back\n`,
      });
      expect(await certificatesOf(iot, '33')).toEqual([]);

      rmSync(file, { recursive: true });
      expect(await enrolled(csr, '--station', 'UK-Hove', '--yes')).toMatchObject({ status: 0, stderr: '' });
      expect((await certificatesOf(iot, '33')).length).toBe(1);
    }, 60_000);

    it('cloud:revoke takes no name that nobody has', async () => {
      const revoked = await runNode(['--import', 'tsx', 'cloud/operations/commands/revoke.ts', 'nobody'], {});
      expect(revoked).toEqual({
        status: 1,
        stdout: '',
        stderr: 'there is no station "nobody" in this account and region\n',
      });
    });

    it('cloud:enroll lets a station that was revoked renew again, and not come by the claim', async () => {
      const csr = join(folder, 'revoked.csr');
      writeFileSync(csr, requestOf('32'));
      await revokeClaim(dynamo, 'claims', '32');

      expect(await enrolled(csr, '--station', 'UK-Hove', '--yes')).toMatchObject({ status: 0 });

      const { Item } = await dynamo.send(
        new GetItemCommand({ TableName: 'claims', Key: { id: { S: '32' } } }),
      );
      expect(Item).toEqual({ id: { S: '32' }, state: { S: 'used' } });
    }, 60_000);
  });
});
