import { join } from 'node:path';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { Jobs } from '../../src/remote/jobs.ts';
import { ReleaseDownload } from '../../src/remote/release-download.ts';
import { StationUpdate } from '../../src/remote/station-update.ts';
import { StationVerbs } from '../../src/remote/station-verbs.ts';
import { Uplink } from '../../src/uplink/uplink.ts';
import { FakeBucket } from '../fakes/bucket.ts';
import type { ManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { instantAt, measurementAt } from '../fakes/measurements.ts';
import { openOutboxForTest } from '../fakes/outbox-bodies.ts';
import { createFakePublisher } from '../fakes/publisher.ts';
import { createFakeStationActions, FakeInstaller } from '../fakes/station-actions.ts';
import { createFakeDisk } from '../fakes/store.ts';
import { JobsService } from './jobs-service.ts';

export const OLD = '1.2.0';
export const NEW = '1.3.0';

const MINUTE_MS = 60_000;
const INTERVAL_MS = 5 * MINUTE_MS;
const MAX_BYTES = 1_000_000;

type FleetStationParts = {
  readonly clock: ManualClock;
  /** Each station has a folder in it. */
  readonly folder: string;
  /** What the bucket has. */
  readonly archive: Buffer;
  /** Whether the new release works here. */
  readonly isGood: boolean;
};

type Named = { readonly epoch: string; readonly seq: number };
const nameOf = ({ epoch, seq }: Named): string => `${epoch} ${seq}`;

/**
 * Outbox, uplink and jobs of a daemon, a broker of its own, and a root that restarts the daemon. Drivers are absent: a reading is
 * stored each five minutes.
 */
export class FleetStation {
  readonly service: JobsService;
  readonly bucket: FakeBucket;
  version = OLD;
  updates = 0;
  /** Names of the readings, in their order. */
  readonly stored: string[] = [];
  readonly arrived: string[] = [];
  readonly #id: string;
  readonly #parts: FleetStationParts;
  readonly #installer = new FakeInstaller();
  readonly #publisher = createFakePublisher();
  readonly #log = createRecordingLog();
  readonly #disk = createFakeDisk();
  #end: () => Promise<void> = () => Promise.resolve();

  constructor(id: string, parts: FleetStationParts) {
    this.#id = id;
    this.#parts = parts;
    this.service = new JobsService(id, (topic, payload) => this.#publisher.deliver(topic, payload));
    this.bucket = new FakeBucket(parts.archive);
    // A link that breaks in the middle of the first request.
    this.bucket.reply = (_from, request) => (request === 1 ? { breaksAfter: 20_000 } : undefined);
    this.#publisher.answer = ({ topic, payload }) => {
      if (topic.startsWith('$aws/')) setImmediate(() => this.service.receive(topic, payload));
      else if (topic.endsWith('/reading')) this.arrived.push(nameOf(JSON.parse(payload)));
      else if (topic.endsWith('/backlog')) this.arrived.push(...JSON.parse(payload).readings.map(nameOf));
      return { kind: 'acknowledged' };
    };
    this.#publisher.setNetwork(false);
    this.#publisher.start();
  }

  async startDaemon(): Promise<void> {
    const { clock } = this.#parts;
    const { version } = this;
    const publisher = this.#publisher;
    const log = this.#log;
    const outbox = await openOutboxForTest(this.#disk.open(), {
      maxBytes: MAX_BYTES,
      mark: this.#disk.mark,
      epoch: undefined,
    });
    const uplink = new Uplink({
      ...{ deviceid: this.#id, topicPrefix: 'weather', version, outbox, publisher, clock, log },
      timeKeeper: {
        now: () => instantAt(0),
        stampOf: ({ wallMs }) => ({ wallMs, timequality: 'synced' }),
        status: () => ({ isSynchronized: true, steps: 0 }),
      },
    });
    const jobs = new Jobs({ thing: this.#id, publisher, clock, log, verbs: this.#verbs() });
    const stop = new AbortController();
    const running = [
      jobs.run(stop.signal),
      uplink.run(stop.signal),
      this.#measure(outbox, uplink, stop.signal),
    ];
    publisher.setNetwork(true);
    this.#end = async () => {
      this.#end = () => Promise.resolve();
      stop.abort();
      await Promise.all(running);
      await outbox.close();
      publisher.setNetwork(false);
    };
  }

  stop(): Promise<void> {
    return this.#end();
  }

  #verbs(): StationVerbs {
    const { clock, folder } = this.#parts;
    const installer = this.#installer;
    const download = new ReleaseDownload({
      ...{ folder: join(folder, this.#id), getRange: this.bucket.getRange, clock },
      readingsWait: () => false,
    });
    const update = new StationUpdate({
      ...{ version: this.version, architecture: 'linux-arm64', nodeAbi: 115, installer, download, clock },
      judgeUrl: () => null,
    });
    return new StationVerbs({ actions: createFakeStationActions(), update, clock });
  }

  async #measure(outbox: Outbox, uplink: Uplink, stop: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!stop.aborted) {
      const appended = await outbox.append('reading', measurementAt(this.stored.length));
      this.stored.push(nameOf(appended));
      uplink.notify();
      await clock.sleep(INTERVAL_MS, stop).catch(() => undefined);
    }
  }

  async #restart(version: string): Promise<void> {
    await this.#end();
    this.version = version;
    await this.startDaemon();
  }

  /** As update.sh and its timer do it, for good. */
  async beRoot(stop: AbortSignal): Promise<void> {
    const installer = this.#installer;
    const wait = (ms: number): Promise<void> => this.#parts.clock.sleep(ms, stop);
    try {
      for (;;) {
        while (installer.request === null) await wait(5_000);
        this.updates += 1;
        installer.say('IN_PROGRESS', 'verified');
        await wait(5_000);
        installer.say('IN_PROGRESS', 'restarting');
        await this.#restart(NEW);
        installer.say('IN_PROGRESS', 'trial');
        await wait(15 * MINUTE_MS);
        if (this.#parts.isGood) installer.say('SUCCEEDED', 'committed');
        else {
          await this.#restart(OLD);
          installer.say('FAILED', 'committed', 'the service was restarted 3 times');
        }
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  }
}
