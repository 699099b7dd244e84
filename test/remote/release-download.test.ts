import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReleaseDownload, type WantedRelease } from '../../src/remote/release-download.ts';
import { FakeBucket } from '../fakes/bucket.ts';
import { createManualClock } from '../fakes/clock.ts';

const hashOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

describe('the download of a release', () => {
  const content = randomBytes(300_000);
  const part = `${hashOf(content)}.part`;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'download-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const setUp = () => {
    const clock = createManualClock({ isAutomatic: true });
    const bucket = new FakeBucket(content);
    const waits = { readings: false };
    const download = new ReleaseDownload({
      folder,
      clock,
      getRange: bucket.getRange,
      random: () => 0,
      readingsWait: () => waits.readings,
    });
    const stop = new AbortController();
    const fetch = (changes: Partial<WantedRelease> = {}) =>
      download.fetch(
        {
          sha256: hashOf(content),
          size: content.length,
          unpackedSize: 1_000,
          url: 'https://bucket',
          untilMs: 3_600_000,
          ...changes,
        },
        stop.signal,
      );
    return { clock, bucket, waits, download, stop, fetch };
  };

  it('is whole, for its owner alone, and in one request where nothing breaks', async () => {
    const { bucket, fetch } = setUp();

    const file = await fetch();

    expect(file).toBe(join(folder, part));
    expect((await readFile(file)).equals(content)).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(bucket.asked).toEqual([0]);
    expect(bucket.closed).toBe(1);
  });

  it('goes on where the link broke, however often', async () => {
    const { bucket, fetch, clock } = setUp();
    bucket.reply = (_from, request) =>
      request % 2 === 0 ? new Error('connect ETIMEDOUT') : { breaksAfter: 50_000 };
    const sinceMs = clock.monotonicMs();

    expect((await readFile(await fetch())).equals(content)).toBe(true);

    expect(bucket.asked.length).toBeGreaterThan(6);
    expect(bucket.asked).toEqual(bucket.asked.toSorted((a, b) => a - b));
    expect(bucket.closed).toBe(Math.ceil(bucket.asked.length / 2));
    // It neither hammers nor waits for hours.
    expect(clock.monotonicMs() - sinceMs).toBeGreaterThan(30_000);
    expect(clock.monotonicMs() - sinceMs).toBeLessThan(600_000);
  });

  it('goes on in the next run of the daemon', async () => {
    const first = setUp();
    first.bucket.onChunk = (taken) => {
      if (taken === 10) first.stop.abort();
    };
    await expect(first.fetch()).rejects.toThrow();
    const { size } = await stat(join(folder, part));
    expect(size).toBe(10 * 16_384);

    const second = setUp();
    expect((await readFile(await second.fetch())).equals(content)).toBe(true);
    expect(second.bucket.asked).toEqual([size]);
  });

  it.each([
    ['zeros', Buffer.alloc(100_000)],
    ['all of another archive', randomBytes(300_000)],
    ['more than there is', randomBytes(400_000)],
  ])('begins again where a power cut left %s', async (_what, left) => {
    await writeFile(join(folder, part), left);
    const { bucket, fetch } = setUp();

    expect((await readFile(await fetch())).equals(content)).toBe(true);
    expect(bucket.asked.at(-1)).toBe(0);
  });

  it('asks for nothing where all is there already', async () => {
    await writeFile(join(folder, part), content);
    const { bucket, fetch } = setUp();
    await fetch();
    expect(bucket.asked).toEqual([]);
  });

  it('keeps no part of another release, and touches no other file', async () => {
    await writeFile(join(folder, `${'a'.repeat(64)}.part`), 'old');
    await writeFile(join(folder, 'release.tar.gz'), 'of another');
    const { fetch, download } = setUp();
    await fetch();
    expect((await readdir(folder)).toSorted()).toEqual([part, 'release.tar.gz'].toSorted());

    await download.discard();
    expect(await readdir(folder)).toEqual(['release.tar.gz']);
  });

  it('stands still while readings wait, and tells how far it is', async () => {
    const { bucket, waits, clock, fetch, download } = setUp();
    let heldAtMs = 0;
    const seen: number[] = [];
    bucket.onChunk = (taken) => {
      seen.push(download.percent());
      if (taken !== 5) return;
      waits.readings = true;
      heldAtMs = clock.monotonicMs();
      void clock.sleep(600_000).then(() => {
        waits.readings = false;
      });
    };
    bucket.reply = () => {
      expect(waits.readings).toBe(false);
      return undefined;
    };

    await fetch();

    expect(clock.monotonicMs() - heldAtMs).toBeGreaterThanOrEqual(600_000);
    expect(bucket.asked).toEqual([0]);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen[9]).toBe(54);
    expect(download.percent()).toBe(0);
  });

  it('does not begin before readings have gone, and gives up in time', async () => {
    const { bucket, waits, fetch } = setUp();
    waits.readings = true;

    await expect(fetch()).rejects.toThrow('not downloaded in time, 0 % are here: readings wait for the link');
    expect(bucket.asked).toEqual([]);
  });

  it.each([
    ['500', { status: 500 }, 'the bucket answers 500'],
    ['503', { status: 503 }, 'the bucket answers 503'],
    ['429', { status: 429 }, 'the bucket answers 429'],
    ['nothing', new Error('Parse Error: Expected HTTP/'), 'Parse Error'],
    ['less than it announced', { chunks: [] }, 'sent less than it announced'],
  ])('is tried again while the bucket answers %s, until its time is over', async (_what, reply, why) => {
    const { bucket, fetch, clock } = setUp();
    bucket.reply = () => reply;

    await expect(fetch()).rejects.toThrow(why);

    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(3_600_000);
    expect(bucket.asked.length).toBeGreaterThan(5);
    expect(bucket.asked.length).toBeLessThan(40);
    expect(await readdir(folder)).toEqual([]);
  });

  const SIZE = 'the archive in the bucket has another size than its manifest says';
  const whole = { contentRange: undefined };
  it.each([
    [
      '403',
      { status: 403, chunks: [Buffer.from('<Code>SignatureDoesNotMatch</Code>')] },
      'not for this archive',
    ],
    [
      '403, expired',
      {
        status: 403,
        chunks: [Buffer.from('<Code>AccessDenied</Code><Message>Request has expired</Message>')],
      },
      'the url has expired: send the update again',
    ],
    [
      '403, a token that has ended',
      { status: 403, chunks: [Buffer.from('ExpiredToken')] },
      'the url has expired',
    ],
    ['403 without an end', { status: 403, chunks: Array(10_000).fill(Buffer.alloc(8_192)) }, 'not for this'],
    ['404', { status: 404 }, 'the archive is not there any more'],
    ['a redirect', { status: 307 }, 'the bucket answers 307'],
    ['416', { status: 416 }, SIZE],
    ['an archive of another size', { contentRange: 'bytes 0-99/100' }, SIZE],
    [
      'another part',
      { contentRange: 'bytes 5-299999/300000' },
      'the bucket sends bytes 5-299999/300000, asked for all from byte 0',
    ],
    ['no range', { contentRange: undefined }, 'the bucket sends a part of which it does not say the place'],
    ['all, of another size', { ...whole, status: 200, contentLength: 100 }, SIZE],
    [
      'all, of no size',
      { ...whole, status: 200, contentLength: Number.NaN },
      'does not say how much it sends',
    ],
    ['too much', { chunks: Array(1_000).fill(Buffer.alloc(16_384)) }, SIZE],
    ['garbage', { chunks: [Buffer.alloc(300_000)] }, 'the archive in the bucket has another hash'],
  ])('ends with its reason, and leaves nothing, where the bucket answers %s', async (_what, reply, why) => {
    const { bucket, fetch } = setUp();
    bucket.reply = () => reply;

    await expect(fetch()).rejects.toThrow(why);

    expect(bucket.asked).toEqual([0]);
    expect(bucket.closed).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('begins again with all of it where a bucket that knows no ranges sends that', async () => {
    const { bucket, fetch } = setUp();
    bucket.reply = (_from, request) => ({
      ...{ ...whole, status: 200, contentLength: content.length },
      ...{ chunks: [content.subarray(0, 100_000), content.subarray(100_000)] },
      ...(request <= 3 ? { breaksAfter: 50_000 } : {}),
    });

    expect((await readFile(await fetch())).equals(content)).toBe(true);

    expect(bucket.asked).toEqual([0, 100_000, 100_000, 100_000]);
    expect(bucket.closed).toBe(4);
  });

  it('gives up in time where each answer is all of it and breaks', async () => {
    const { bucket, fetch, clock } = setUp();
    bucket.reply = () => ({
      ...{ ...whole, status: 200, contentLength: content.length },
      ...{ chunks: [content.subarray(0, 100_000), content], breaksAfter: 50_000 },
    });

    await expect(fetch()).rejects.toThrow('not downloaded in time, 33 % are here');

    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(3_600_000);
    expect(bucket.asked.length).toBeLessThan(40);
  });

  it('begins only where there is room for it, for the copy of root and for what is in it', async () => {
    const { bucket, fetch } = setUp();
    await expect(fetch({ unpackedSize: 1e15 })).rejects.toThrow(
      /^the disk has no room: \d+ MB are free, 1000000051 MB are needed$/,
    );
    expect(bucket.asked).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('fails at a disk that fills up, at once', async () => {
    const { bucket, fetch } = setUp();
    // Takes no byte, as a full disk.
    await symlink('/dev/full', join(folder, part));

    await expect(fetch()).rejects.toThrow('ENOSPC');

    expect(bucket.asked).toEqual([0]);
    expect(await readdir(folder)).toEqual([]);
  });
});
