import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  readRelease,
  readReleases,
  updateDocument,
  uploadReleases,
} from '../../../cloud/operations/job-releases.ts';
import { describeVersions, wavesOf } from '../../../cloud/operations/rollout.ts';
import { judgeBucketUrl } from '../../../src/remote/bucket.ts';

describe('the releases of a job', () => {
  let folder: string;
  const make = (name: string, changes: object = {}): string => {
    const archive = `archive ${name}`;
    const base = join(folder, name);
    const manifest = {
      version: '1.3.0',
      architecture: 'linux-arm64',
      nodeAbi: 115,
      unpackedSize: 100,
      size: archive.length,
      sha256: createHash('sha256').update(archive).digest('hex'),
      ...changes,
    };
    writeFileSync(`${base}.tar.gz`, archive);
    writeFileSync(`${base}.json`, JSON.stringify(manifest, null, 2));
    writeFileSync(`${base}.json.sig`, 'signature');
    return `${base}.tar.gz`;
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'releases-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are what their manifests say, of one version, each for another architecture', () => {
    const arm = make('arm');
    const x64 = make('x64', { architecture: 'linux-x64' });
    expect(readReleases([arm, x64]).map(({ name }) => name)).toEqual(['arm.tar.gz', 'x64.tar.gz']);
    expect(() => readReleases([])).toThrow('--release FILE');
    expect(() => readReleases([arm, arm])).toThrow('each for another architecture');
    expect(() => readReleases([arm, make('old', { version: '1.2.0', architecture: 'linux-x64' })])).toThrow(
      'of one version',
    );
    expect(() => readRelease(join(folder, 'arm.json'))).toThrow('name the archive of a release');
    expect(() => readRelease(make('cut', { size: 5 }))).toThrow('is not the archive of its manifest');
    expect(() => readRelease(make('other', { sha256: 'a'.repeat(64) }))).toThrow('is not the archive');
    expect(() => readRelease(make('odd', { sha256: '../x' }))).toThrow('is no manifest of a release');
    expect(() => readRelease(join(folder, 'absent.tar.gz'))).toThrow('ENOENT');
  });

  it('have a name of their own in the bucket, and URLs that a station takes', async () => {
    const s3 = mockClient(S3Client);
    const client = new S3Client({
      region: 'eu-west-2',
      responseChecksumValidation: 'WHEN_REQUIRED',
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 't/'.repeat(700) },
    });
    const releases = readReleases([make('arm'), make('x64', { architecture: 'linux-x64' })]);
    await uploadReleases(client, 'weather-errors1', releases);
    const put = s3.commandCalls(PutObjectCommand).map(({ args }) => args[0].input);
    s3.restore();
    const document = await updateDocument(client, 'weather-errors1', releases, 168);

    expect(put).toMatchObject([
      { Bucket: 'weather-errors1', Key: expect.stringMatching(/^releases\/[0-9a-f]{16}\/arm\.tar\.gz$/) },
      { Bucket: 'weather-errors1', Key: expect.stringMatching(/^releases\/[0-9a-f]{16}\/x64\.tar\.gz$/) },
    ]);
    if (document.verb !== 'update') throw new Error('not an update');
    for (const [index, { url, manifest, signature }] of document.releases.entries()) {
      expect(judgeBucketUrl(url, 'a1-ats.iot.eu-west-2.amazonaws.com')).toBeNull();
      expect(decodeURIComponent(new URL(url).pathname)).toBe(`/${put[index]?.Key}`);
      expect(new URL(url).searchParams.get('X-Amz-SignedHeaders')).toBe('host');
      expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('604800');
      expect([manifest, signature]).toEqual([releases[index]?.text, 'signature']);
    }
    expect(JSON.stringify(document).length).toBeLessThan(32_768);
  });
});

describe('the waves of a roll-out', () => {
  const plan = (count: number, first = '1') => ({
    groupArn: 'arn:aws:iot:eu-west-2:1:thinggroup/coast',
    first,
    waitMinutes: 1,
    stations: Array.from({ length: count }, (_, index) => `${index + 1}`),
    document: () => Promise.reject(new Error('not asked for')),
    rollout: { stationsPerMinute: 1, abortPercent: 1, abortAfterStations: 1, timeoutMinutes: 1 },
  });

  it.each([
    [1, [1]],
    [2, [1, 1]],
    [15, [1, 2, 15]],
    [200, [1, 20, 200]],
    [5_000, [1, 100, 5_000]],
  ])('of %i stations are %o', (count, sizes) => {
    expect(wavesOf(plan(count)).map((wave) => wave.count)).toEqual(sizes);
  });

  it('begin with the station that was named, and leave it out of the next', () => {
    const [first, second] = wavesOf(plan(20, '7'));
    expect(first?.targets).toEqual(['arn:aws:iot:eu-west-2:1:thing/7']);
    expect(second?.targets).toEqual(['arn:aws:iot:eu-west-2:1:thing/1', 'arn:aws:iot:eu-west-2:1:thing/2']);
    expect(() => wavesOf(plan(3, '9'))).toThrow('the station "9" is not in the group');
  });

  it('end with a line for each version, which no station can garble', () => {
    expect(
      describeVersions(
        ['1', '2', '3', '4'],
        [
          { station: '1', status: 'SUCCEEDED', details: { version: '1.3.0' } },
          { station: '2', status: 'FAILED', details: { version: '1.2.0', problem: 'a\u001b[2J\nb' } },
          { station: '3', status: 'QUEUED', details: {} },
        ],
      ),
    ).toEqual([
      '1.3.0: 1 station: 1',
      '1.2.0: 1 station: 2 (FAILED: a\\u001b[2J\\u000ab)',
      'not known: 2 stations: 3 (QUEUED), 4',
    ]);
  });
});
