import { describe, expect, it } from 'vitest';
import { Jobs } from '../../src/remote/jobs.ts';
import type { WantedRelease } from '../../src/remote/release-download.ts';
import { StationUpdate } from '../../src/remote/station-update.ts';
import { StationVerbs } from '../../src/remote/station-verbs.ts';
import { parseJobDocument } from '../../src/remote/verbs.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { createFakePublisher } from '../fakes/publisher.ts';
import { createFakeStationActions, FakeInstaller } from '../fakes/station-actions.ts';
import { JobsService } from './jobs-service.ts';
import { createStationTime, settle } from './station-time.ts';

const manifest = (changes: object = {}): string =>
  JSON.stringify({
    version: '1.3.0',
    minimumVersion: '0.2.0',
    downgrade: false,
    architecture: 'linux-arm64',
    glibc: '2.36',
    nodeAbi: 115,
    size: 7_000_000,
    unpackedSize: 30_000_000,
    sha256: 'a'.repeat(64),
    ...changes,
  });
const released = (changes: object = {}) => ({
  manifest: manifest(changes),
  signature: '-----BEGIN SSH SIGNATURE-----',
  url: 'https://bucket/release',
});
const update = (...releases: object[]) => ({
  verb: 'update',
  releases: releases.length === 0 ? [released()] : releases,
});

/** Fetches for as long as a test wants. */
class FakeDownload {
  readonly fetched: WantedRelease[] = [];
  discarded = 0;
  percentNow = 40;
  /** Rejects once the signal aborts, as the real one does. */
  work: (stop: AbortSignal) => Promise<string> = () => Promise.resolve('/drop/a.part');

  fetch(wanted: WantedRelease, stop: AbortSignal): Promise<string> {
    this.fetched.push(wanted);
    return this.work(stop);
  }
  percent(): number {
    return this.percentNow;
  }
  discard(): Promise<void> {
    this.discarded += 1;
    return Promise.resolve();
  }
  /** Never ends by itself. */
  hang(): void {
    this.work = (stop) =>
      new Promise((_resolve, reject) => stop.addEventListener('abort', () => reject(stop.reason)));
  }
}

/** A station, the root of its machine, and AWS IoT Jobs behind its broker. */
const setUp = () => {
  const clock = createManualClock({ monotonicMs: 3_600_000 });
  const log = createRecordingLog();
  const publisher = createFakePublisher();
  const installer = new FakeInstaller();
  const download = new FakeDownload();
  const judge = { problem: null as string | null };
  const service = new JobsService('1', (topic, payload) => publisher.deliver(topic, payload));
  publisher.answer = ({ topic, payload }) => {
    if (topic.startsWith('$aws/')) setImmediate(() => service.receive(topic, payload));
    return { kind: 'acknowledged' };
  };
  publisher.start();
  const startDaemon = async (version = '1.2.0') => {
    const station = new StationUpdate({
      version,
      architecture: 'linux-arm64',
      nodeAbi: 115,
      installer,
      download,
      clock,
      judgeUrl: () => judge.problem,
    });
    const verbs = new StationVerbs({ actions: createFakeStationActions(), update: station, clock });
    const jobs = new Jobs({ thing: '1', publisher, clock, log, verbs, random: () => 0.5 });
    const stop = new AbortController();
    const running = jobs.run(stop.signal);
    await publisher.publish('weather/1/status', '{}', { retain: true });
    await settle();
    return {
      jobs,
      end: async (): Promise<void> => {
        stop.abort();
        await running;
        publisher.reconnect('the daemon ended');
        await settle();
      },
    };
  };
  const { passes, acknowledge } = createStationTime(clock, publisher, 200);
  const steps = (): unknown[] =>
    service.requests
      .filter(({ status }) => status !== undefined)
      .map(({ statusDetails }) => statusDetails?.['step']);
  return {
    clock,
    log,
    publisher,
    installer,
    download,
    judge,
    service,
    startDaemon,
    passes,
    acknowledge,
    steps,
  };
};

describe('the job update', () => {
  it('fetches, hands over, and is SUCCEEDED in the new release once root keeps it', async () => {
    const { installer, download, service, startDaemon, passes, steps } = setUp();
    const old = await startDaemon();
    service.add('one', update(released({ architecture: 'linux-x64', sha256: 'b'.repeat(64) }), released()));
    await passes(4_000);

    expect(download.fetched).toMatchObject([
      { size: 7_000_000, sha256: 'a'.repeat(64), url: 'https://bucket/release' },
    ]);
    expect(installer.handedOver).toMatchObject([
      { manifest: manifest(), signature: '-----BEGIN SSH SIGNATURE-----', archive: '/drop/a.part' },
    ]);
    installer.say('IN_PROGRESS', 'verified');
    await passes(4_000);
    installer.say('IN_PROGRESS', 'restarting');
    await passes(4_000);
    await old.end();
    installer.say('IN_PROGRESS', 'trial');
    const next = await startDaemon('1.3.0');
    await passes(20 * 60_000);
    expect(service.stateOf('one')).toEqual({
      status: 'IN_PROGRESS',
      statusDetails: { step: 'trial', release: '1.3.0' },
    });
    installer.say('SUCCEEDED', 'committed');
    await passes(4_000);

    expect(service.stateOf('one')).toEqual({ status: 'SUCCEEDED', statusDetails: { version: '1.3.0' } });
    expect([...new Set(steps())]).toEqual([
      'downloading',
      'handed over',
      'verified',
      'restarting',
      'trial',
      undefined,
    ]);
    expect(download.fetched.length).toBe(1);
    expect(installer.handedOver.length).toBe(1);
    await next.end();
  });

  it('is FAILED with the reason once the old release is back', async () => {
    const { installer, service, startDaemon, passes } = setUp();
    const old = await startDaemon();
    service.add('one', update());
    await passes(4_000);
    installer.say('IN_PROGRESS', 'trial');
    await old.end();
    const next = await startDaemon('1.3.0');
    await passes(60_000);
    await next.end();
    installer.say('FAILED', 'committed', 'it did not sample, store and have a PUBACK within 3624 s');
    const again = await startDaemon();
    await passes(4_000);

    expect(service.stateOf('one')).toEqual({
      status: 'FAILED',
      statusDetails: {
        problem: 'it did not sample, store and have a PUBACK within 3624 s',
        step: 'committed',
        release: '1.3.0',
        version: '1.2.0',
      },
    });
    await again.end();
  });

  it.each([
    ['of root', 'REJECTED', 'the signature is not one of an allowed signer'],
    ['of root that trying again may mend', 'FAILED', 'the disk has no room'],
  ] as const)('tells the refusal %s', async (_what, state, reason) => {
    const { installer, service, startDaemon, passes } = setUp();
    const { end } = await startDaemon();
    service.add('one', update());
    await passes(4_000);
    installer.say(state, 'verified', reason);
    await passes(4_000);
    expect(service.stateOf('one')).toMatchObject({ status: state, statusDetails: { problem: reason } });
    await end();
  });

  it('fetches nothing where root would refuse it anyhow', async () => {
    const { installer, judge, download, service, startDaemon, passes } = setUp();
    const { end } = await startDaemon();
    const tryIt = async (document: unknown) => {
      const { jobId } = service.add(`job-${service.executions.length}`, document);
      await passes(5_000);
      return [service.stateOf(jobId)?.status, service.stateOf(jobId)?.statusDetails['problem'] ?? null];
    };
    expect(await tryIt(update(released({ architecture: 'linux-x64' })))).toEqual([
      'REJECTED',
      'it is for linux-x64, this machine is linux-arm64',
    ]);
    expect(await tryIt(update(released({ nodeAbi: 127 })))).toEqual([
      'REJECTED',
      'it is for Node ABI 127, the Node.js here has 115',
    ]);
    expect(await tryIt(update(released({ version: '1.2.0' })))).toEqual(['SUCCEEDED', null]);
    judge.problem = 'the url has to be https://BUCKET.s3.eu-west-1.amazonaws.com/…';
    expect(await tryIt(update())).toEqual(['REJECTED', judge.problem]);
    installer.problem = 'this station has the Debian package';
    expect(await tryIt(update())).toEqual(['REJECTED', installer.problem]);
    installer.trial = true;
    expect(await tryIt(update())).toEqual(['FAILED', 'another release is on trial; send it again later']);
    expect(download.fetched).toEqual([]);
    await end();
  });

  it.each([
    ['no release', { releases: [] }],
    ['three', { releases: [released(), released(), released()] }],
    ['a manifest that is none', { releases: [{ ...released(), manifest: '{}' }] }],
    ['a manifest with a path for a hash', { releases: [released({ sha256: '../../etc/passwd' })] }],
    ['a version that is none', { releases: [released({ version: '$(reboot)' })] }],
    ['a size of nothing', { releases: [released({ size: 0 })] }],
    ['a command beside it', { releases: [released()], command: 'id' }],
    ['a place to put it', { releases: [{ ...released(), path: '/etc' }] }],
    ['32 KB', { releases: [{ ...released(), signature: 'x'.repeat(32_000) }] }],
  ])('is REJECTED with %s', (_what, rest) => {
    expect(parseJobDocument({ verb: 'update', ...rest })).toMatch(/^(releases|document)/);
  });

  it('may be as large as two releases with the longest URLs are', () => {
    const long = { ...released(), url: `https://bucket/?${'x'.repeat(4_000)}` };
    expect(parseJobDocument(update(long, long))).toMatchObject({ verb: 'update' });
    expect(JSON.stringify(update(long, long)).length).toBeLessThan(32_768);
  });

  it('goes on with the connection, not without it, and tells how far it is', async () => {
    const { publisher, download, installer, service, startDaemon, passes, acknowledge } = setUp();
    const stops: AbortSignal[] = [];
    download.hang();
    const { work } = download;
    download.work = (stop) => {
      stops.push(stop);
      return work(stop);
    };
    const { end } = await startDaemon();
    service.add('one', update());
    await passes(150_000);
    expect(service.stateOf('one')).toEqual({
      status: 'IN_PROGRESS',
      statusDetails: { step: 'downloading', release: '1.3.0', percent: '40' },
    });

    publisher.setNetwork(false);
    await settle();
    expect(stops.map(({ aborted }) => aborted)).toEqual([true]);
    publisher.setNetwork(true);
    await acknowledge();
    await passes(1_000);
    expect(download.fetched.length).toBe(2);
    // The time it has is that of both.
    expect(new Set(download.fetched.map(({ untilMs }) => untilMs)).size).toBe(1);
    expect(download.discarded).toBe(1);

    download.work = () => Promise.resolve('/drop/a.part');
    publisher.reconnect('test');
    await settle();
    await acknowledge();
    await passes(1_000);
    expect(installer.handedOver.length).toBe(1);
    await end();
  });

  it('is left alone within a minute once it is canceled, and nothing of it stays', async () => {
    const { download, installer, service, startDaemon, passes } = setUp();
    download.hang();
    const { end } = await startDaemon();
    const execution = service.add('one', update());
    await passes(5_000);
    execution.status = 'CANCELED';
    const before = download.discarded;
    await passes(180_000);

    expect(download.discarded).toBe(before + 1);
    expect(installer.handedOver).toEqual([]);
    service.add('two', { verb: 'doctor' });
    await passes(5_000);
    expect(service.stateOf('two')).toMatchObject({ status: 'SUCCEEDED' });
    await end();
  });

  it('canceled during its trial makes room for the next job, while root goes on', async () => {
    const { installer, service, startDaemon, passes } = setUp();
    const { end } = await startDaemon();
    const execution = service.add('one', update());
    await passes(4_000);
    installer.say('IN_PROGRESS', 'trial');
    await passes(4_000);
    execution.status = 'CANCELED';
    service.add('two', { verb: 'doctor' });
    await passes(600_000);
    expect(service.stateOf('two')).toMatchObject({ status: 'SUCCEEDED' });
    await end();
  });

  it('is FAILED with the reason of the download', async () => {
    const { download, service, startDaemon, passes } = setUp();
    download.work = () =>
      Promise.reject(new Error('the bucket answers 403: the url has expired: send the update again'));
    const { end } = await startDaemon();
    service.add('one', update());
    await passes(4_000);
    expect(service.stateOf('one')).toMatchObject({
      status: 'FAILED',
      statusDetails: { problem: expect.stringContaining('the url has expired') },
    });
    await end();
  });

  it('waits for no other: one that is there already is told, and one that AWS IoT sends meanwhile comes after', async () => {
    const { installer, download, service, startDaemon, passes } = setUp();
    installer.request = 'hand-1';
    const { end } = await startDaemon();
    service.add('one', update());
    await passes(4_000);
    expect(service.stateOf('one')).toMatchObject({
      status: 'FAILED',
      statusDetails: { problem: 'another release waits to be installed; send it again later' },
    });

    installer.request = null;
    service.add('two', update());
    service.add('three', update());
    await passes(10_000);
    expect(installer.handedOver.length).toBe(1);
    expect(service.stateOf('three')).toMatchObject({ status: 'QUEUED' });
    installer.say('REJECTED', 'verified', 'older');
    await passes(10_000);
    expect(service.stateOf('two')).toMatchObject({ status: 'REJECTED' });
    expect(installer.handedOver.length).toBe(2);
    expect(new Set(installer.handedOver.map(({ id }) => id)).size).toBe(2);
    expect(download.fetched.length).toBe(3);
    await end();
  });

  it('takes back what nobody takes', async () => {
    const { installer, service, startDaemon, passes } = setUp();
    const { end } = await startDaemon();
    service.add('one', update());
    await passes(660_000);
    expect(service.stateOf('one')).toMatchObject({
      status: 'FAILED',
      statusDetails: { problem: expect.stringContaining('weather-gateway-update.path') },
    });
    expect(installer.request).toBeNull();
    await end();
  });

  it('is not handed over twice where the daemon ended before root came, and is another update when it is tried again', async () => {
    const { installer, download, service, startDaemon, passes } = setUp();
    const first = await startDaemon();
    const execution = service.add('x'.repeat(64), update());
    await passes(4_000);
    await first.end();
    const second = await startDaemon();
    await passes(4_000);
    expect(installer.handedOver.length).toBe(1);
    installer.say('FAILED', 'copied', 'the disk has no room');
    await passes(4_000);
    expect(execution.status).toBe('FAILED');

    Object.assign(execution, { status: 'QUEUED', executionNumber: 2, versionNumber: 1, statusDetails: {} });
    service.notify();
    await passes(4_000);
    expect(download.fetched.length).toBe(2);
    const ids = installer.handedOver.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    await second.end();
  });

  const moments = Array.from({ length: 8 }, (_, index) => index + 1);
  it.each(
    moments.flatMap((lost) => [
      [lost, 'before' as const],
      [lost, 'after' as const],
    ]),
  )('survives a broker that goes at its request %i, %s the answer', async (lost, moment) => {
    const { publisher, installer, service, startDaemon, passes, acknowledge } = setUp();
    const { end } = await startDaemon();
    let requests = 0;
    service.deliver = (answer) => {
      requests += 1;
      if (requests !== lost) return [answer];
      setImmediate(() => publisher.reconnect('the broker went'));
      return moment === 'after' ? [answer] : [];
    };
    const minutes = async (count: number): Promise<void> => {
      for (let minute = 0; minute < count; minute += 1) {
        await passes(20_000);
        await acknowledge();
      }
    };
    service.add('one', update());
    for (const step of ['requested', 'verified', 'trial']) {
      await minutes(3);
      installer.say('IN_PROGRESS', step);
    }
    await minutes(3);
    installer.say('SUCCEEDED', 'committed');
    await minutes(10);

    expect(service.stateOf('one')?.status).toBe('SUCCEEDED');
    expect(requests).toBeGreaterThan(lost);
    expect(installer.handedOver.length).toBe(1);
    await end();
  });
});

describe('the fake unit of root', () => {
  it('takes one release at a time, as the real one', async () => {
    const installer = new FakeInstaller();
    const release = { manifest: manifest(), signature: 's', archive: 'a' };
    expect([await installer.handOver('1', release), await installer.handOver('2', release)]).toEqual([
      true,
      false,
    ]);
  });
});
