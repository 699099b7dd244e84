import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateJobCommand,
  DescribeJobCommand,
  DescribeJobExecutionCommand,
  DescribeThingCommand,
  DescribeThingGroupCommand,
  IoTClient,
  type JobExecutionStatus,
  type JobStatus,
  ListJobExecutionsForJobCommand,
  ListThingsInThingGroupCommand,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
} from '@aws-sdk/client-iot';
import { GetObjectCommand, type GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  bundlePlace,
  downloadBundle,
  downloadReports,
  presignUpload,
} from '../../../cloud/operations/job-diagnostics.ts';
import {
  describeAnswers,
  haveFailed,
  lookAtJobs,
  watchJobs,
} from '../../../cloud/operations/job-watching.ts';
import { arnOf, checkDocument, createJob, nameJob, stationsOf } from '../../../cloud/operations/jobs.ts';
import { judgeBucketUrl } from '../../../src/remote/bucket.ts';
import { jobDocument } from '../../../src/remote/verbs.ts';
import { onFullDisk } from '../../fakes/full-disk.ts';
import { actionsOf, commandsIn, documentedRights, problemsOfRights } from './documented-rights.ts';

const ARN = 'arn:aws:iot:eu-west-2:123456789012:thing/';
const notFound = new ResourceNotFoundException({ message: 'not found', $metadata: {} });

describe('a job', () => {
  const iot = mockClient(IoTClient);
  const rollout = { stationsPerMinute: 50, abortPercent: 20, abortAfterStations: 5, timeoutMinutes: 60 };
  beforeEach(() => {
    iot.reset();
  });

  it('is what the station takes, or is not sent', () => {
    expect(checkDocument({ verb: 'doctor' })).toEqual({ verb: 'doctor' });
    expect(checkDocument({ verb: 'log-level', level: 'debug' })).toEqual({
      verb: 'log-level',
      level: 'debug',
      minutes: 60,
    });
    expect(() => checkDocument({ verb: 'log-level', level: 'trace' })).toThrow(
      /^level: .*\na station takes: /,
    );
    expect(() => checkDocument({ verb: 'log-level', level: 'info', minutes: Number('soon') })).toThrow(
      'minutes',
    );
    expect(() => checkDocument({ verb: 'doctor', level: 'info' })).toThrow('level');
    expect(() => checkDocument({ verb: 'shell' })).toThrow('a station takes: doctor; diagnostics');
  });

  it('goes to the station or the group of that name, if there is one', async () => {
    iot.on(DescribeThingCommand, { thingName: '1' }).resolves({ thingArn: `${ARN}1` });
    iot.on(DescribeThingCommand, { thingName: '2' }).rejects(notFound);
    iot.on(DescribeThingGroupCommand).resolves({ thingGroupArn: 'arn:group' });

    expect(await arnOf(new IoTClient(), { kind: 'station', name: '1' })).toBe(`${ARN}1`);
    expect(await arnOf(new IoTClient(), { kind: 'group', name: 'coast' })).toBe('arn:group');
    await expect(arnOf(new IoTClient(), { kind: 'station', name: '2' })).rejects.toThrow(
      'there is no station "2" in this account and region',
    );
  });

  it('finds all stations of a group, page by page', async () => {
    iot.on(ListThingsInThingGroupCommand).resolves({ things: ['3'] });
    iot
      .on(ListThingsInThingGroupCommand, { nextToken: undefined })
      .resolves({ things: ['1', '2'], nextToken: 'next' });

    expect(await stationsOf(new IoTClient(), { kind: 'group', name: 'coast' })).toEqual(['1', '2', '3']);
    expect(await stationsOf(new IoTClient(), { kind: 'station', name: '9' })).toEqual(['9']);
    iot.on(ListThingsInThingGroupCommand).resolves({ things: [] });
    await expect(stationsOf(new IoTClient(), { kind: 'group', name: 'empty' })).rejects.toThrow(
      'no station in the group "empty"',
    );
  });

  it('has a name that a station takes and that nobody has used', () => {
    const names = jobDocument.options.map(({ shape }) =>
      nameJob(shape.verb.value, new Date(1_790_000_000_000)),
    );
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(names).toContainEqual(expect.stringMatching(/^log-level-20260921-141320-[0-9a-f]{6}$/));
    expect(nameJob('doctor', new Date())).not.toBe(nameJob('doctor', new Date()));
  });

  it('is made for those who are there, at a rate, with an end and with a threshold', async () => {
    await createJob(
      new IoTClient(),
      { id: 'ask', targets: [`${ARN}1`], document: { verb: 'doctor' } },
      rollout,
    );

    expect(iot.commandCalls(CreateJobCommand).map(({ args }) => args[0].input)).toEqual([
      {
        jobId: 'ask',
        targets: [`${ARN}1`],
        targetSelection: 'SNAPSHOT',
        document: '{"verb":"doctor"}',
        timeoutConfig: { inProgressTimeoutInMinutes: 60 },
        jobExecutionsRolloutConfig: { maximumPerMinute: 50 },
        abortConfig: {
          criteriaList: [
            {
              failureType: 'ALL',
              action: 'CANCEL',
              thresholdPercentage: 20,
              minNumberOfExecutedThings: 5,
            },
          ],
        },
      },
    ]);
  });

  it('that is there already is the one whose answer got lost', async () => {
    const job = { id: 'ask', targets: [`${ARN}1`], document: { verb: 'reboot' } } as const;
    iot.on(CreateJobCommand).rejects(new ResourceAlreadyExistsException({ message: 'again', $metadata: {} }));
    await createJob(new IoTClient(), job, rollout);
    iot.on(CreateJobCommand).rejects(new Error('throttled'));
    await expect(createJob(new IoTClient(), job, rollout)).rejects.toThrow('throttled');
  });
});

/** How AWS IoT shows a job at one look. */
type Look = {
  readonly job: JobStatus;
  readonly stations: Readonly<Record<string, readonly [JobExecutionStatus, Record<string, string>?]>>;
};

describe('watching a job', () => {
  const iot = mockClient(IoTClient);
  const lines: string[] = [];
  const options = (stop = new AbortController().signal) => ({
    intervalMs: 1,
    report: (line: string): void => void lines.push(line),
    stop,
  });
  /** Shows one look after the other, and the last one for good. */
  const showLooks = (...looks: readonly [Look, ...Look[]]): void => {
    let [current] = looks;
    let second = 0;
    iot.on(DescribeJobCommand).callsFake(() => {
      current = looks[Math.min(second, looks.length - 1)] ?? current;
      second += 1;
      return { job: { status: current.job, ...(current.job === 'CANCELED' ? { reasonCode: 'ABORT' } : {}) } };
    });
    iot.on(ListJobExecutionsForJobCommand).callsFake(() => ({
      executionSummaries: Object.entries(current.stations).map(([name, [status]]) => ({
        thingArn: `${ARN}${name}`,
        jobExecutionSummary: { status, lastUpdatedAt: new Date(second * 1_000), executionNumber: 1 },
      })),
    }));
    iot.on(DescribeJobExecutionCommand).callsFake(({ thingName }: { thingName: string }) => {
      const [status, detailsMap] = current.stations[thingName] ?? [];
      return { execution: { status, statusDetails: { detailsMap } } };
    });
  };
  beforeEach(() => {
    iot.reset();
    lines.length = 0;
  });

  it('tells each step once, and ends with what the stations answered', async () => {
    showLooks(
      { job: 'IN_PROGRESS', stations: { 1: ['QUEUED'] } },
      { job: 'IN_PROGRESS', stations: { 1: ['IN_PROGRESS', { step: 'restarting' }], 2: ['QUEUED'] } },
      { job: 'IN_PROGRESS', stations: { 1: ['IN_PROGRESS', { step: 'restarting' }], 2: ['QUEUED'] } },
      {
        job: 'COMPLETED',
        stations: {
          1: ['SUCCEEDED', { version: '0.2.0', run: 'b' }],
          2: ['FAILED', { problem: 'not ended' }],
        },
      },
    );

    const views = (await watchJobs(new IoTClient(), ['ask'], options())) ?? [];

    expect(lines).toEqual([
      '1: QUEUED',
      '1: IN_PROGRESS (restarting)',
      '2: QUEUED',
      '1: SUCCEEDED',
      '2: FAILED',
    ]);
    expect(describeAnswers(views)).toEqual([
      '1: SUCCEEDED',
      '  version: 0.2.0',
      '  run: b',
      '2: FAILED',
      '  problem: not ended',
    ]);
    expect(haveFailed(views)).toBe(true);
  });

  it('asks a station that has said nothing new for nothing', async () => {
    iot
      .on(DescribeJobCommand)
      .resolvesOnce({ job: { status: 'IN_PROGRESS' } })
      .resolves({ job: { status: 'COMPLETED' } });
    iot.on(ListJobExecutionsForJobCommand).resolves({
      executionSummaries: [
        {
          thingArn: `${ARN}1`,
          jobExecutionSummary: { status: 'SUCCEEDED', lastUpdatedAt: new Date(5), executionNumber: 1 },
        },
      ],
    });
    iot.on(DescribeJobExecutionCommand).resolves({
      execution: { status: 'SUCCEEDED', statusDetails: { detailsMap: { bytes: '9' } } },
    });

    const views = await watchJobs(new IoTClient(), ['ask'], options());

    expect(haveFailed(views ?? [])).toBe(false);
    expect(iot.commandCalls(DescribeJobCommand).length).toBe(2);
    expect(iot.commandCalls(DescribeJobExecutionCommand).length).toBe(1);
  });

  it('reads every page of stations', async () => {
    const page = (name: string, nextToken?: string) => ({
      executionSummaries: [{ thingArn: `${ARN}${name}`, jobExecutionSummary: { status: 'QUEUED' as const } }],
      nextToken,
    });
    iot.on(DescribeJobCommand).resolves({ job: { status: 'IN_PROGRESS' } });
    iot.on(ListJobExecutionsForJobCommand).resolves(page('2'));
    iot.on(ListJobExecutionsForJobCommand, { nextToken: undefined }).resolves(page('1', 'next'));

    const views = await lookAtJobs(new IoTClient(), ['ask']);

    expect(describeAnswers(views)).toEqual(['1: QUEUED', '2: QUEUED']);
    expect(haveFailed(views)).toBe(false);
  });

  it('goes on after a cancel until those that had begun have answered, and fails', async () => {
    showLooks(
      { job: 'CANCELED', stations: { 1: ['IN_PROGRESS'], 2: ['CANCELED'] } },
      { job: 'CANCELED', stations: { 1: ['SUCCEEDED'], 2: ['CANCELED'] } },
    );

    const views = (await watchJobs(new IoTClient(), ['ask'], options())) ?? [];

    expect(describeAnswers(views)).toEqual(['ask was canceled: ABORT', '1: SUCCEEDED', '2: CANCELED']);
    expect(haveFailed(views)).toBe(true);
  });

  it('fails where the job has reached nobody', async () => {
    showLooks({ job: 'COMPLETED', stations: {} });
    const views = (await watchJobs(new IoTClient(), ['ask'], options())) ?? [];
    expect(describeAnswers(views)).toEqual(['ask has reached no station']);
    expect(haveFailed(views)).toBe(true);
  });

  it('lets no station write to the terminal anything but its lines', async () => {
    const evil = '\u001b[2J\u009b1A\r\n9: SUCCEEDED\t';
    showLooks(
      { job: 'IN_PROGRESS', stations: { 1: ['IN_PROGRESS', { step: evil }] } },
      { job: 'COMPLETED', stations: { 1: ['FAILED', { [`a${evil}`]: evil }] } },
    );

    const views = (await watchJobs(new IoTClient(), ['ask'], options())) ?? [];

    const all = [...lines, ...describeAnswers(views)];
    const escaped = '\\u001b[2J\\u009b1A\\u000d\\u000a9: SUCCEEDED\\u0009';
    expect(all).toContain(`1: IN_PROGRESS (${escaped})`);
    expect(all).toContain(`  a${escaped}: ${escaped}`);
    expect(all.join('')).not.toMatch(/\p{Cc}/u);
  });

  it('stops when it is told to, and changes nothing', async () => {
    showLooks({ job: 'IN_PROGRESS', stations: { 1: ['QUEUED'] } });
    const stop = new AbortController();
    const watched = watchJobs(new IoTClient(), ['ask'], {
      ...options(stop.signal),
      intervalMs: 60_000,
      report: () => stop.abort(),
    });

    expect(await watched).toBeNull();
    const asked = new Set(iot.calls().map(({ args }) => args[0].constructor.name));
    expect([...asked].filter((name) => !/^(?:Describe|List)/.test(name))).toEqual([]);
  });

  it('ends with the error of AWS', async () => {
    iot.on(DescribeJobCommand).rejects(new Error('the token has expired'));
    await expect(watchJobs(new IoTClient(), ['ask'], options())).rejects.toThrow('the token has expired');
  });
});

describe('the place of a report', () => {
  const place = bundlePlace('weather-errors1', 'uk:1', 'diagnostics-20261129-031500-1a2b3c');
  const sign = (region: string, sessionToken?: string): Promise<string> =>
    presignUpload(
      new S3Client({
        region,
        requestChecksumCalculation: 'WHEN_REQUIRED',
        credentials: {
          accessKeyId: 'AKID',
          secretAccessKey: 'secret',
          ...(sessionToken && { sessionToken }),
        },
      }),
      place,
      24,
    );

  it.each(['eu-west-2', 'us-east-1'])('has a URL that a station of %s takes', async (region) => {
    const url = await sign(region);

    expect(judgeBucketUrl(url, `a1-ats.iot.${region}.amazonaws.com`)).toBeNull();
    const { hostname, pathname, searchParams } = new URL(url);
    expect(hostname).toBe(`weather-errors1.s3.${region}.amazonaws.com`);
    expect(decodeURIComponent(pathname)).toBe(`/${place.Key}`);
    // The station sends a length and no other header.
    expect(searchParams.get('X-Amz-SignedHeaders')).toBe('host');
    expect(searchParams.get('X-Amz-Expires')).toBe('86400');
    expect([...searchParams.keys()].filter((key) => /checksum/i.test(key))).toEqual([]);
  });

  it('has a URL that fits into a job with the token of a session', async () => {
    expect(
      checkDocument({ verb: 'diagnostics', url: await sign('eu-west-2', 't/'.repeat(700)) }),
    ).toMatchObject({
      verb: 'diagnostics',
    });
  });

  it('is read into a file for its owner alone, unless it is larger than a report can be', async () => {
    const s3 = mockClient(S3Client);
    const folder = mkdtempSync(join(tmpdir(), 'weather-job-'));
    const Body = { transformToByteArray: () => Promise.resolve(Buffer.from('report')) };
    const answer = { Body: Body as unknown as GetObjectCommandOutput['Body'], ContentLength: 6 };
    s3.on(GetObjectCommand, place).resolves(answer);

    const file = await downloadBundle(new S3Client(), place, join(folder, 'new'));

    expect(file).toBe(join(folder, 'new', 'uk_1-diagnostics-20261129-031500-1a2b3c.json.gz'));
    expect(readFileSync(file, 'utf8')).toBe('report');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    s3.on(GetObjectCommand, place).resolves({ ...answer, ContentLength: 1_000_001 });
    await expect(downloadBundle(new S3Client(), place, folder)).rejects.toThrow('left in the bucket');
    s3.restore();
    rmSync(folder, { recursive: true });
  });

  it('leaves no part of a report on a full disk, and the report of before', async () => {
    const s3 = mockClient(S3Client);
    const folder = mkdtempSync(join(tmpdir(), 'weather-job-'));
    const Body = { transformToByteArray: () => Promise.resolve(Buffer.alloc(200)) };
    s3.on(GetObjectCommand).resolves({
      Body: Body as unknown as GetObjectCommandOutput['Body'],
      ContentLength: 200,
    });
    const file = join(folder, '2-diagnostics-a.json.gz');
    writeFileSync(file, 'before');

    const place = bundlePlace('errors', '2', 'diagnostics-a');
    const downloading = onFullDisk(() => downloadBundle(new S3Client(), place, folder));

    await expect(downloading).rejects.toThrow(`${file} cannot be written (EFBIG)`);
    expect(readdirSync(folder)).toEqual(['2-diagnostics-a.json.gz']);
    expect(readFileSync(file, 'utf8')).toBe('before');
    s3.restore();
    rmSync(folder, { recursive: true });
  });

  it('gives what is there, and says of which station nothing is', async () => {
    const s3 = mockClient(S3Client);
    const folder = mkdtempSync(join(tmpdir(), 'weather-job-'));
    const Body = { transformToByteArray: () => Promise.resolve(Buffer.from('report')) };
    s3.on(GetObjectCommand).rejects(new Error('access denied'));
    s3.on(GetObjectCommand, bundlePlace('errors', '2', 'diagnostics-a')).resolves({
      Body: Body as unknown as GetObjectCommandOutput['Body'],
      ContentLength: 6,
    });
    const view = (jobId: string, station: string, status: JobExecutionStatus) => ({
      jobId,
      isDone: true,
      canceled: null,
      answers: [{ station, status, details: {} }],
    });
    const lines: string[] = [];
    const download = (...views: ReturnType<typeof view>[]) =>
      downloadReports(new S3Client(), 'errors', views, { folder, report: (line) => void lines.push(line) });

    const found = view('diagnostics-a', '2', 'SUCCEEDED');
    expect(
      await download(view('doctor-a', '1', 'SUCCEEDED'), view('diagnostics-b', '3', 'FAILED'), found),
    ).toBe(true);
    expect(await download(view('diagnostics-c', '1', 'SUCCEEDED'), found)).toBe(false);

    const file = join(folder, '2-diagnostics-a.json.gz');
    expect(lines).toEqual([file, '1: not downloaded: access denied', file]);
    s3.restore();
    rmSync(folder, { recursive: true });
  });
});

describe('the rights that docs/cloud.md names', () => {
  const statements = documentedRights('These are enough:');

  it('are what AWS can grant, each on resources of its own types', async () => {
    expect(await problemsOfRights(statements)).toEqual([]);
  });

  it('are those that the command uses', () => {
    const used = [
      'jobs',
      'job-watching',
      'job-diagnostics',
      'job-releases',
      'rollout',
      'deployed-stack',
    ].flatMap(commandsIn);
    expect(actionsOf(statements)).toEqual([...new Set(used)].toSorted());
  });
});
