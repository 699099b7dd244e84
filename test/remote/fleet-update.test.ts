import { createHash, randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import {
  CancelJobCommand,
  CreateJobCommand,
  type CreateJobCommandInput,
  DescribeJobCommand,
  DescribeJobExecutionCommand,
  IoTClient,
  ListJobExecutionsForJobCommand,
} from '@aws-sdk/client-iot';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDocument, type Rollout } from '../../cloud/operations/jobs.ts';
import { describeVersions, type RolloutResult, rollOut } from '../../cloud/operations/rollout.ts';
import { createManualClock, type ManualClock } from '../fakes/clock.ts';
import { FleetStation, NEW, OLD } from './fleet-station.ts';
import type { Execution } from './jobs-service.ts';

const STATIONS = 200;
const MINUTE_MS = 60_000;
const GROUP_ARN = 'arn:aws:iot:eu-west-2:123456789012:thinggroup/coast';

const archive = randomBytes(40_000);
const document = checkDocument({
  verb: 'update',
  releases: [
    {
      manifest: JSON.stringify({
        ...{ version: NEW, architecture: 'linux-arm64', nodeAbi: 115, size: archive.length },
        ...{ unpackedSize: 100_000, sha256: createHash('sha256').update(archive).digest('hex') },
      }),
      signature: 'of a release',
      url: 'https://bucket/release',
    },
  ],
});

type CloudJob = {
  readonly input: CreateJobCommandInput;
  readonly sinceMs: number;
  readonly waiting: string[];
  readonly executions: Map<string, Execution>;
  isCanceled: boolean;
};

/** AWS IoT Jobs as an operator sees it: targets, rate and threshold. */
class ControlPlane {
  readonly jobs = new Map<string, CloudJob>();
  readonly #stations: ReadonlyMap<string, FleetStation>;
  readonly #clock: ManualClock;

  constructor(stations: ReadonlyMap<string, FleetStation>, clock: ManualClock) {
    this.#stations = stations;
    this.#clock = clock;
  }

  create(input: CreateJobCommandInput): object {
    const names = (input.targets ?? []).flatMap((arn) =>
      arn.includes(':thinggroup/') ? [...this.#stations.keys()] : [arn.slice(arn.lastIndexOf('/') + 1)],
    );
    const job = {
      input,
      sinceMs: this.#clock.monotonicMs(),
      waiting: names,
      executions: new Map(),
      isCanceled: false,
    };
    this.jobs.set(input.jobId ?? '', job);
    return {};
  }

  /** Every look is a moment of the service: who is due gets the job, and the threshold is looked at. */
  look(jobId: string): CloudJob {
    const job = this.jobs.get(jobId);
    if (job === undefined) throw new Error(`no job ${jobId}`);
    const { maximumPerMinute = 1_000 } = job.input.jobExecutionsRolloutConfig ?? {};
    const minutes = Math.floor((this.#clock.monotonicMs() - job.sinceMs) / MINUTE_MS) + 1;
    while (!job.isCanceled && job.waiting.length > 0 && job.executions.size < minutes * maximumPerMinute) {
      const name = job.waiting.shift() ?? '';
      const service = this.#stations.get(name)?.service;
      if (service !== undefined)
        job.executions.set(name, service.add(jobId, JSON.parse(job.input.document ?? '')));
    }
    this.#judge(job);
    return job;
  }

  cancel(job: CloudJob): void {
    job.isCanceled = true;
    for (const execution of job.executions.values())
      if (execution.status === 'QUEUED') execution.status = 'CANCELED';
  }

  #judge(job: CloudJob): void {
    const { thresholdPercentage = 100, minNumberOfExecutedThings = 1 } =
      job.input.abortConfig?.criteriaList?.[0] ?? {};
    const ended = [...job.executions.values()].filter(({ status }) =>
      /SUCCEEDED|FAILED|REJECTED/.test(status),
    );
    const failed = ended.filter(({ status }) => status !== 'SUCCEEDED').length;
    const isOver =
      ended.length >= minNumberOfExecutedThings && (failed / ended.length) * 100 >= thresholdPercentage;
    if (isOver) this.cancel(job);
  }

  statusOf(job: CloudJob): 'IN_PROGRESS' | 'COMPLETED' | 'CANCELED' {
    if (job.isCanceled) return 'CANCELED';
    const isOpen = [...job.executions.values()].some(({ status }) => /QUEUED|IN_PROGRESS/.test(status));
    return isOpen || job.waiting.length > 0 ? 'IN_PROGRESS' : 'COMPLETED';
  }
}

describe('an update of 200 stations', () => {
  const iot = mockClient(IoTClient);
  let folder: string;
  let clock: ManualClock;
  let stations: Map<string, FleetStation>;
  let cloud: ControlPlane;
  let stopRoots: AbortController;
  const lines: string[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleet-'));
    clock = createManualClock({ monotonicMs: 3_600_000 });
    stopRoots = new AbortController();
    // Each root waits by it.
    setMaxListeners(0, stopRoots.signal);
    lines.length = 0;
    iot.reset();
  });
  afterEach(async () => {
    stopRoots.abort();
    for (const station of stations.values()) await station.stop();
    await rm(folder, { recursive: true });
  });

  const start = async (isGood: (id: number) => boolean): Promise<void> => {
    const ids = Array.from({ length: STATIONS }, (_, index) => index + 1);
    stations = new Map(
      ids.map((id) => [`${id}`, new FleetStation(`${id}`, { clock, folder, archive, isGood: isGood(id) })]),
    );
    cloud = new ControlPlane(stations, clock);
    iot.on(CreateJobCommand).callsFake((input) => cloud.create(input));
    iot.on(CancelJobCommand).callsFake(({ jobId }) => cloud.cancel(cloud.look(jobId)));
    iot.on(DescribeJobCommand).callsFake(({ jobId }) => {
      const status = cloud.statusOf(cloud.look(jobId));
      return { job: { status, ...(status === 'CANCELED' ? { reasonCode: 'ABORT' } : {}) } };
    });
    iot.on(ListJobExecutionsForJobCommand).callsFake(({ jobId }) => ({
      executionSummaries: [...cloud.look(jobId).executions].map(([name, { status, versionNumber }]) => ({
        thingArn: `arn:aws:iot:eu-west-2:123456789012:thing/${name}`,
        jobExecutionSummary: { status, lastUpdatedAt: new Date(versionNumber * 1_000), executionNumber: 1 },
      })),
    }));
    iot.on(DescribeJobExecutionCommand).callsFake(({ jobId, thingName }) => {
      const { status, statusDetails } = cloud.look(jobId).executions.get(thingName) ?? {};
      return { execution: { status, statusDetails: { detailsMap: statusDetails } } };
    });
    for (const station of stations.values()) {
      await station.startDaemon();
      void station.beRoot(stopRoots.signal);
    }
  };

  const rollout: Rollout = {
    stationsPerMinute: 50,
    abortPercent: 20,
    abortAfterStations: 5,
    timeoutMinutes: 900,
  };

  const sendTo = async (first: string): Promise<RolloutResult> => {
    let result: RolloutResult | null = null;
    const plan = {
      ...{ groupArn: GROUP_ARN, stations: [...stations.keys()], first, rollout, waitMinutes: 120 },
      document: () => Promise.resolve(document),
    };
    const running = rollOut(new IoTClient(), plan, {
      ...{
        intervalMs: 1,
        report: (line: string) => void lines.push(line),
        stop: new AbortController().signal,
      },
      nowMs: () => clock.monotonicMs(),
    }).then((ended) => {
      result = ended;
    });
    while (result === null) {
      await clock.advance(10_000);
      for (let turns = 0; turns < 4; turns += 1) await turn();
    }
    await running;
    return result;
  };

  const runningVersions = (): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { version } of stations.values()) counts[version] = (counts[version] ?? 0) + 1;
    return counts;
  };

  /** Of before, during and after: what was stored has arrived, in order, and none of it twice. */
  const expectEveryReading = async (): Promise<number> => {
    await clock.advance(10 * MINUTE_MS);
    let readings = 0;
    for (const station of stations.values()) {
      await station.stop();
      expect(station.arrived).toEqual(station.stored);
      expect(new Set(station.arrived).size).toBe(station.arrived.length);
      const epochs = new Set(station.arrived.map((name) => name.split(' ')[0]));
      // With the old release, the new one, and perhaps the old one again.
      expect(epochs.size).toBeGreaterThan(station.updates);
      readings += station.arrived.length;
    }
    return readings;
  };

  it('of which one in ten takes the release back, reaches all of them, slowly first', {
    timeout: 240_000,
  }, async () => {
    await start((id) => id % 10 !== 0);

    const { problem, jobIds, answers } = await sendTo('17');

    expect(problem).toBeNull();
    expect(runningVersions()).toEqual({ [NEW]: 180, [OLD]: 20 });
    expect(lines.filter((line) => line.startsWith('job '))).toEqual([
      `job ${jobIds[0]}: one station (1)`,
      `job ${jobIds[1]}: a tenth (20)`,
      `job ${jobIds[2]}: all (200)`,
    ]);
    const sizes = jobIds.map((id) => cloud.jobs.get(id)?.executions.size);
    expect(sizes).toEqual([1, 20, 200]);
    // Whoever has it is not updated again; whoever took it back may try again.
    const updates = [...stations.values()].map((station) => station.updates);
    expect(updates.filter((count) => count === 1).length).toBe(198);
    expect(updates.filter((count) => count === 2).length).toBe(2);
    expect(describeVersions([...stations.keys()], answers)).toEqual([
      expect.stringMatching(/^1\.3\.0: 180 stations: 1, 2, 3, /),
      expect.stringMatching(
        /^1\.2\.0: 20 stations: 10 \(FAILED: the service was restarted 3 times\), 20 \(FAILED/,
      ),
    ]);
    // Each was downloaded in two requests, of which the second began where the first broke; nothing of it is left over.
    for (const { bucket } of stations.values())
      expect(bucket.asked.slice(0, 2)).toEqual([0, expect.any(Number)]);
    for (const { bucket } of stations.values()) expect(bucket.asked[1]).toBeGreaterThanOrEqual(16_384);
    for (const id of ['1', '10', '200'])
      expect((await readdir(join(folder, id))).length).toBeLessThanOrEqual(1);
    // One in five minutes, for more than an hour.
    expect(await expectEveryReading()).toBeGreaterThan(12 * STATIONS);
  });

  it('of which one in three takes it back, stops after a tenth', { timeout: 240_000 }, async () => {
    await start((id) => id % 3 !== 0);

    const { problem, jobIds } = await sendTo('1');

    expect(problem).toMatch(/^the job was canceled: ABORT|of \d+ stations did not keep it$/);
    expect(jobIds.length).toBe(2);
    const touched = [...stations.values()].filter((station) => station.updates > 0).length;
    expect(touched).toBeLessThanOrEqual(21);
    // Nobody is left on a release that did not work.
    const { [NEW]: kept = 0, [OLD]: old = 0 } = runningVersions();
    expect(kept + old).toBe(STATIONS);
    for (const [id, { version }] of stations)
      expect([id, Number(id) % 3 === 0 && version === NEW]).toEqual([id, false]);
    await expectEveryReading();
  });

  it('stops at the first station, when that one takes it back', { timeout: 240_000 }, async () => {
    await start((id) => id !== 17);

    expect(await sendTo('17')).toMatchObject({ problem: '1 of 1 stations did not keep it' });
    expect(runningVersions()).toEqual({ [OLD]: STATIONS });
    await expectEveryReading();
  });
});
