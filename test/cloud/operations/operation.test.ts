import {
  type CertificateStatus,
  DescribeCertificateCommand,
  IoTClient,
  ListCertificatesCommand,
  ListTargetsForPolicyCommand,
  ResourceNotFoundException,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import {
  DescribeApplicationCommand,
  KinesisAnalyticsV2Client,
  StartApplicationCommand,
  StopApplicationCommand,
} from '@aws-sdk/client-kinesis-analytics-v2';
import {
  DescribeClustersCommand,
  InvalidClusterStateFault,
  PauseClusterCommand,
  RedshiftClient,
  ResumeClusterCommand,
} from '@aws-sdk/client-redshift';
import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import {
  CopyObjectCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StackOutputs } from '../../../cloud/contract/outputs.ts';
import { openAnalyticsJob } from '../../../cloud/lambda/analytics-job.ts';
import { backfill, copyStatement } from '../../../cloud/operations/backfill.ts';
import { deleteBucket } from '../../../cloud/operations/emptying.ts';
import { pause, resume } from '../../../cloud/operations/pausing.ts';
import { openSession } from '../../../cloud/sql/data-api-session.ts';
import { s3Body } from '../s3-body.ts';

const ROLE = 'arn:aws:iam::123456789012:role/delivery';

describe('backfill', () => {
  const s3 = mockClient(S3Client);
  const data = mockClient(RedshiftDataClient);
  const manifest = (...keys: string[]) =>
    s3Body(JSON.stringify({ entries: keys.map((key) => ({ url: `s3://bucket/${key}`, mandatory: true })) }));
  const run = (isDryRun = false) => {
    const lines: string[] = [];
    const session = openSession(
      new RedshiftDataClient(),
      { database: 'weather', secretArn: 'secret', workgroupName: 'weathergateway' },
      1,
    );
    const report = (line: string): void => void lines.push(line);
    return backfill({ s3: new S3Client(), session, bucket: 'bucket', copyRole: ROLE, isDryRun, report }).then(
      (failures) => ({ failures, lines }),
    );
  };
  beforeEach(() => {
    s3.reset();
    data.reset();
    data.on(BatchExecuteStatementCommand).resolves({ Id: 'statement' });
    data.on(DescribeStatementCommand).resolves({ Status: 'FINISHED' });
  });

  it('copies each manifest into the table its files belong to, and puts it aside', async () => {
    s3.on(ListObjectsV2Command).resolves({
      Contents: [
        { Key: 'averages/2026/05/01/12/file.gz' },
        { Key: 'errors/manifests/2026/05/01/12/stream-manifest' },
        { Key: 'loaded/errors/manifests/2026/04/01/12/stream-manifest' },
      ],
    });
    s3.on(GetObjectCommand).resolves({ Body: manifest('averages/2026/05/01/12/file.gz') });

    expect((await run()).failures).toBe(0);

    expect(data.commandCalls(BatchExecuteStatementCommand).map(({ args }) => args[0].input)).toEqual([
      {
        Database: 'weather',
        SecretArn: 'secret',
        WorkgroupName: 'weathergateway',
        Sqls: [
          'COPY sensordata_avgs_landing (deviceid,weatherstationname,min_datetime,avg_temperature,avg_humidity,' +
            "msg_count,datetime,epoch,seq,revision) FROM 's3://bucket/errors/manifests/2026/05/01/12/stream-manifest' " +
            `IAM_ROLE '${ROLE}' MANIFEST JSON 'auto' GZIP TIMEFORMAT 'auto' ROUNDEC MAXERROR 1000`,
        ],
      },
    ]);
    expect(s3.commandCalls(CopyObjectCommand)[0]?.args[0].input.Key).toMatch(/^loaded\/errors\/manifests/);
    expect(s3.commandCalls(DeleteObjectCommand).length).toBe(1);
  });

  it('leaves what could not be loaded for the next time, and goes on', async () => {
    s3.on(ListObjectsV2Command).resolves({
      Contents: [{ Key: 'errors/manifests/a-manifest' }, { Key: 'errors/manifests/b-manifest' }],
    });
    s3.on(GetObjectCommand, { Key: 'errors/manifests/a-manifest' }).resolves({
      Body: manifest('elsewhere/file.gz'),
    });
    s3.on(GetObjectCommand, { Key: 'errors/manifests/b-manifest' }).resolves({
      Body: manifest('gaps/file.gz'),
    });
    data.on(DescribeStatementCommand).resolves({ Status: 'FAILED', Error: 'disk full' });

    const { failures, lines } = await run();

    expect(failures).toBe(2);
    expect(lines.join('\n')).toMatch(/files of no table[\s\S]*SQL failed: disk full/);
    expect(s3.commandCalls(DeleteObjectCommand).length).toBe(0);
  });

  it('escapes what goes into SQL', () => {
    expect(copyStatement('gaps', "s3://b/errors/it's\\manifest", "arn'x")).toMatch(
      / FROM 's3:\/\/b\/errors\/it''s\\\\manifest' IAM_ROLE 'arn''x' MANIFEST /,
    );
  });

  it('loads no file of another bucket', async () => {
    s3.on(ListObjectsV2Command).resolves({ Contents: [{ Key: 'errors/manifests/b-manifest' }] });
    s3.on(GetObjectCommand).resolves({
      Body: s3Body(JSON.stringify({ entries: [{ url: 's3://elsewhere/gaps/file.gz' }] })),
    });

    const { failures, lines } = await run();

    expect(failures).toBe(1);
    expect(lines.join()).toContain('a file of another bucket: s3://elsewhere/gaps/file.gz');
  });

  it('only says what it would load in a dry run', async () => {
    s3.on(ListObjectsV2Command).resolves({ Contents: [{ Key: 'errors/manifests/b-manifest' }] });
    s3.on(GetObjectCommand).resolves({ Body: manifest('gaps/file.gz') });

    expect(await run(true)).toEqual({
      failures: 0,
      lines: ['errors/manifests/b-manifest: 1 file(s) into gaps_landing'],
    });
    expect(data.commandCalls(BatchExecuteStatementCommand).length).toBe(0);
  });
});

describe('pause and resume', () => {
  const iot = mockClient(IoTClient);
  const flink = mockClient(KinesisAnalyticsV2Client);
  const redshift = mockClient(RedshiftClient);
  const s3 = mockClient(S3Client);
  const ID = 'ab'.repeat(32);
  const OTHER = 'cd'.repeat(32);
  /** Certificates with their states, all of them with the policy of stations unless told otherwise. */
  const setUp = (
    states: Readonly<Record<string, CertificateStatus>>,
    ofStations = Object.keys(states),
  ): void => {
    const certificates = Object.entries(states).map(([certificateId, status]) => ({ certificateId, status }));
    iot.on(ListCertificatesCommand).callsFake(({ marker = '0', pageSize }) => {
      const end = Number(marker) + pageSize;
      const nextMarker = end < certificates.length ? String(end) : undefined;
      return { certificates: certificates.slice(Number(marker), end), nextMarker };
    });
    iot.on(ListTargetsForPolicyCommand).callsFake(({ marker = '0', pageSize, policyName }) => {
      const end = Number(marker) + pageSize;
      const nextMarker = end < ofStations.length ? String(end) : undefined;
      const ids = policyName === stack.GatewayPolicy ? ofStations.slice(Number(marker), end) : [];
      return { targets: ids.map((id) => `arn:aws:iot:r:1:cert/${id}`), nextMarker };
    });
  };
  const stack: StackOutputs = {
    TopicPrefix: 'weather',
    DeliveriesBucket: 'd',
    ErrorsBucket: 'e',
    StationsBucket: 's',
    ThingGroup: 'g',
    GatewayPolicy: 'p',
    ClaimPolicy: 'c',
    ProvisioningTemplate: 't',
    ClaimsTable: 'ct',
    AlertTopic: 'a',
    CopyRole: ROLE,
    Cluster: 'cluster',
  };
  const order: string[] = [];
  const props = () => ({
    iot: new IoTClient(),
    redshift: new RedshiftClient(),
    s3: new S3Client(),
    stack,
    analytics: openAnalyticsJob(new KinesisAnalyticsV2Client(), 'job', 1),
    report: (line: string): void => void order.push(line),
  });
  beforeEach(() => {
    for (const mock of [iot, flink, redshift, s3]) mock.reset();
    order.length = 0;
    setUp({ [ID]: 'ACTIVE', [OTHER]: 'ACTIVE' });
    s3.on(GetObjectCommand).rejects(new NoSuchKey({ message: 'none', $metadata: {} }));
  });

  it('turns the stations off first, so that they keep their readings', async () => {
    flink
      .on(DescribeApplicationCommand)
      .resolvesOnce({ ApplicationDetail: { ApplicationStatus: 'RUNNING' } as never })
      .resolvesOnce({ ApplicationDetail: { ApplicationStatus: 'STOPPING' } as never })
      .resolves({ ApplicationDetail: { ApplicationStatus: 'READY' } as never });

    await pause(props());

    expect(order[0]).toBe('2 certificate(s) of stations switched off');
    expect(iot.commandCalls(UpdateCertificateCommand).map(({ args }) => args[0].input.newStatus)).toEqual([
      'INACTIVE',
      'INACTIVE',
    ]);
    expect(flink.commandCalls(StopApplicationCommand).length).toBe(1);
    expect(redshift.commandCalls(PauseClusterCommand)[0]?.args[0].input).toEqual({
      ClusterIdentifier: 'cluster',
    });
  });

  const pauseStations = () =>
    pause({ ...props(), stack: { ...stack, Cluster: undefined }, analytics: undefined });
  const notes = (): string[][] =>
    s3.commandCalls(PutObjectCommand).map(({ args }) => JSON.parse(String(args[0].input.Body)));

  it('leaves alone what is off already, and what is no station', async () => {
    setUp({ [ID]: 'ACTIVE', [OTHER]: 'INACTIVE', claim: 'ACTIVE' }, [ID, OTHER]);

    await pauseStations();

    expect(iot.commandCalls(UpdateCertificateCommand).map(({ args }) => args[0].input.certificateId)).toEqual(
      [ID],
    );
    expect(notes()).toEqual([[ID]]);
  });

  it('notes what it will switch off before it does, so that a pause that breaks off can be resumed', async () => {
    s3.on(GetObjectCommand).resolves({ Body: s3Body(JSON.stringify([OTHER])) });
    iot.on(UpdateCertificateCommand).rejects(new Error('throttled'));

    await expect(pauseStations()).rejects.toThrow('throttled');

    expect(notes()).toEqual([[OTHER, ID]]);
  });

  it('asks for pages, and not for each station', async () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => index.toString(16).padStart(64, '0'));
    setUp(Object.fromEntries(ids.map((id) => [id, 'ACTIVE'])));

    await pauseStations();

    expect(iot.commandCalls(ListCertificatesCommand)).toHaveLength(4);
    expect(iot.commandCalls(ListTargetsForPolicyCommand)).toHaveLength(4);
    expect(iot.commandCalls(UpdateCertificateCommand)).toHaveLength(1_000);
    expect(iot.calls()).toHaveLength(1_008);
    expect(notes()).toEqual([ids]);
  });

  it('turns them on last, when Flink runs from its snapshot', async () => {
    flink
      .on(DescribeApplicationCommand)
      .resolvesOnce({ ApplicationDetail: { ApplicationStatus: 'READY' } as never })
      .resolvesOnce({ ApplicationDetail: { ApplicationStatus: 'STARTING' } as never })
      .resolves({ ApplicationDetail: { ApplicationStatus: 'RUNNING' } as never });

    s3.on(GetObjectCommand).resolves({ Body: s3Body(JSON.stringify([ID])) });
    iot.on(DescribeCertificateCommand).resolves({ certificateDescription: { status: 'INACTIVE' } });

    await resume(props());

    expect(order.at(-1)).toBe('1 certificate(s) switched on');
    expect(flink.commandCalls(StartApplicationCommand)[0]?.args[0].input).toMatchObject({
      RunConfiguration: {
        ApplicationRestoreConfiguration: { ApplicationRestoreType: 'RESTORE_FROM_LATEST_SNAPSHOT' },
      },
    });
  });

  describe('once more, after one that broke off', () => {
    const inState = (ClusterStatus: string): void => {
      const wrong = new InvalidClusterStateFault({ message: `its state is ${ClusterStatus}`, $metadata: {} });
      redshift.on(PauseClusterCommand).rejects(wrong).on(ResumeClusterCommand).rejects(wrong);
      redshift.on(DescribeClustersCommand).resolves({ Clusters: [{ ClusterStatus }] });
    };

    it.each(['paused', 'pausing'])('pauses what is left while Redshift is %s', async (state) => {
      inState(state);
      await pause({ ...props(), analytics: undefined });
      expect(order.at(-1)).toBe(`Redshift is ${state} already`);
    });

    it.each(['available', 'resuming'])('switches the stations on while Redshift is %s', async (state) => {
      inState(state);
      await resume({ ...props(), analytics: undefined });
      expect(order).toEqual([`Redshift is ${state} already`, '0 certificate(s) switched on']);
    });

    it('says what Redshift is at otherwise, and switches nobody on', async () => {
      inState('modifying');
      await expect(pause({ ...props(), analytics: undefined })).rejects.toThrow('its state is modifying');
      await expect(resume({ ...props(), analytics: undefined })).rejects.toThrow('its state is modifying');
      expect(order).toEqual(['2 certificate(s) of stations switched off']);
    });
  });

  it('goes on when somebody deletes a certificate meanwhile', async () => {
    const gone = new ResourceNotFoundException({ message: 'gone', $metadata: {} });
    iot.on(UpdateCertificateCommand, { certificateId: ID }).rejects(gone);

    await pauseStations();

    expect(order).toEqual(['1 certificate(s) of stations switched off']);
  });

  it('says so when Flink does not come up', async () => {
    flink
      .on(DescribeApplicationCommand)
      .resolves({ ApplicationDetail: { ApplicationStatus: 'READY' } as never });

    await expect(resume(props())).rejects.toThrow('the Flink job is READY instead of RUNNING');
    expect(iot.commandCalls(UpdateCertificateCommand).length).toBe(0);
  });
});

describe('emptying a bucket', () => {
  it('deletes every version, then the bucket', async () => {
    const s3 = mockClient(S3Client);
    s3.on(ListObjectVersionsCommand)
      .resolvesOnce({
        Versions: [{ Key: 'a', VersionId: '1' }],
        DeleteMarkers: [{ Key: 'a', VersionId: '2' }],
      })
      .resolves({});
    s3.on(DeleteObjectsCommand).resolves({});

    expect(await deleteBucket(new S3Client(), 'bucket')).toBe(2);
    expect(s3.commandCalls(DeleteBucketCommand).length).toBe(1);
  });
});
