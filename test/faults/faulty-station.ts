import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DeliveryLedger } from '../system/delivery-ledger.ts';
import { createGatewayProcess, type GatewayProcess, logOf } from '../system/gateway-process.ts';
import { damageOneFile } from './damage-file.ts';
import { DeliveryTimes } from './delivery-times.ts';
import {
  FaultyLink,
  type FaultyLinkParts,
  type LinkFault,
  linkFaults,
  payloadFaults,
} from './faulty-link.ts';
import { type JobFault, JobTrouble, jobFaults } from './job-trouble.ts';
import { machineTrouble } from './machine-trouble.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';

export type FaultyStationParts = Omit<FaultyLinkParts, 'onTaken'> & {
  readonly id: string;
  readonly folder: string;
  readonly speed: number;
  /** Whether it has a file system of its own, and with it the faults of a disk. */
  readonly hasOwnDisk: boolean;
};

/** The outbox is bounded at 8 MB, and LevelDB needs room to reopen. */
const SMALL_DISK_MEGABYTES = 16;

export type FaultName =
  | LinkFault
  | JobFault
  | 'job while the disk is full'
  | 'kill -9'
  | 'disk full'
  | 'read-only disk'
  | 'full disk at start'
  | 'damaged files'
  | 'cloned card'
  | 'pair mismatch';

/** What can happen to any station, in the shares in which it does. */
export const undiskedFaults: readonly [FaultName, ...FaultName[]] = [
  ...linkFaults,
  ...payloadFaults,
  ...jobFaults,
  'kill -9',
  'kill -9',
  'damaged files',
  'cloned card',
  'pair mismatch',
];
/** These need a file system of the station's own. */
export const diskFaults: readonly FaultName[] = [
  'disk full',
  'full disk at start',
  'read-only disk',
  'job while the disk is full',
];

const isJobFault = (name: string): name is JobFault => jobFaults.some((fault) => fault === name);

type Arrivals = { readonly ledger: DeliveryLedger; readonly times: DeliveryTimes };

const awaitArrivals = (): Arrivals => {
  const times = new DeliveryTimes(Date.now());
  return { times, ledger: new DeliveryLedger((reading) => times.deliver(Date.now(), reading)) };
};

/** One station, its link, its disk and all that arrived from it. */
export class FaultyStation {
  readonly id: string;
  readonly ledger: DeliveryLedger;
  readonly times: DeliveryTimes;
  readonly link: FaultyLink;
  readonly jobs: JobTrouble;
  readonly gateway: GatewayProcess;
  /** Sensor faults and clock steps of the scenario in all lives, by name. */
  readonly machineFaults = new Map<string, number>();
  readonly #parts: FaultyStationParts;
  readonly #disk: SmallDisk | null;

  private constructor(
    parts: FaultyStationParts,
    world: Arrivals & {
      readonly link: FaultyLink;
      readonly disk: SmallDisk | null;
      readonly gateway: GatewayProcess;
    },
  ) {
    this.id = parts.id;
    this.jobs = new JobTrouble(parts.id);
    this.#parts = parts;
    this.ledger = world.ledger;
    this.times = world.times;
    this.link = world.link;
    this.#disk = world.disk;
    this.gateway = world.gateway;
  }

  static async create(parts: FaultyStationParts): Promise<FaultyStation> {
    const { mosquitto } = parts;
    const arrivals = awaitArrivals();
    const link = await FaultyLink.create({
      ...parts,
      onTaken: (topic, payload) => arrivals.ledger.take(topic, payload),
    });
    const diskPath = join(parts.folder, 'disk');
    const disk = parts.hasOwnDisk ? await mountSmallDisk(diskPath, SMALL_DISK_MEGABYTES) : null;
    const gateway = await createGatewayProcess({
      stationId: parts.id,
      folder: join(parts.folder, 'files'),
      outboxDirectory: join(diskPath, 'outbox'),
      brokerPort: link.port,
      rootCa: mosquitto.authority.certificate,
      device: await mosquitto.authority.issueClient(parts.id),
      speed: parts.speed,
      events: machineTrouble.map(({ event }) => event),
    });
    return new FaultyStation(parts, { ...arrivals, link, disk, gateway });
  }

  start(): void {
    this.gateway.start();
  }

  /** Asks the gateway what it has accepted by now. */
  async look(): Promise<void> {
    const atMs = Date.now();
    const standing = await this.gateway.standing();
    if (standing !== null) this.times.look(atMs, standing);
  }

  /** Clock steps that the gateway logged in all its lives; of the moment before a kill it may know nothing. */
  async noticedClockSteps(): Promise<number> {
    return (await logOf(this.gateway)).split('"the clock stepped"').length - 1;
  }

  async kill(): Promise<void> {
    this.#countMachineFaults();
    await this.gateway.stop('SIGKILL');
  }

  async end(): Promise<void> {
    this.#countMachineFaults();
    await this.gateway.stop('SIGTERM');
  }

  async dispose(): Promise<void> {
    await this.gateway.stop('SIGKILL');
    await this.link.dispose();
    await this.#disk?.unmount();
  }

  inject(name: FaultName): Promise<void> {
    switch (name) {
      case 'kill -9':
        return this.#restart();
      case 'disk full':
        return this.#fillDisk();
      case 'full disk at start':
        return this.#startOnFullDisk();
      case 'cloned card':
        return this.#putCopyBack();
      case 'job while the disk is full':
        return this.#fillDisk(() => this.jobs.addSome());
      case 'read-only disk':
        return this.#makeDiskReadOnly();
      case 'pair mismatch':
        return this.#mismatchPair();
      case 'damaged files':
        return this.#restart(() => damageOneFile(this.gateway.outboxDirectory, this.#parts.draw));
      default:
        return isJobFault(name) ? this.#giveJobs(name) : this.link.faults[name]();
    }
  }

  async #giveJobs(name: JobFault): Promise<void> {
    this.jobs.faults[name]();
    await delay(this.#parts.draw.between(1_000, 3_000));
    this.jobs.heal();
  }

  async #restart(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.kill();
    await meanwhile();
    this.start();
  }

  /** A new certificate without its key is brought; the station must go on with the pair that worked. */
  async #mismatchPair(): Promise<void> {
    const file = join(this.#parts.folder, 'files', 'device.pem');
    const before = await readFile(file);
    const { certificate } = await this.#parts.mosquitto.authority.issueClient(this.id);
    await writeFile(file, certificate);
    await this.#restart();
    await delay(this.#parts.draw.between(1_000, 2_000));
    await writeFile(file, before);
  }

  async #fillDisk(meanwhile: () => void = () => undefined): Promise<void> {
    const disk = this.#ownDisk();
    await disk.fill();
    meanwhile();
    await delay(this.#parts.draw.between(300, 1_500));
    await disk.free();
  }

  /** With the reserve of the store in one case and without it in the other; the room comes before the daemon ends. */
  async #startOnFullDisk(): Promise<void> {
    const disk = this.#ownDisk();
    await this.end();
    const hasReserve = this.#parts.draw.between(0, 1) < 0.5;
    if (!hasReserve) await rm(join(this.gateway.outboxDirectory, 'reserve'), { force: true });
    await disk.fill();
    this.start();
    await delay(this.#parts.draw.between(1_000, 2_500));
    await disk.free();
    await this.end();
    this.start();
  }

  /** The card is copied while the station is off; the station goes on, and then the copy is put into it. */
  async #putCopyBack(): Promise<void> {
    const { outboxDirectory } = this.gateway;
    const copy = join(this.#parts.folder, 'files', 'copy');
    const all = { recursive: true, filter: (path: string) => !path.endsWith('.sock') };
    await this.kill();
    await cp(outboxDirectory, copy, all);
    this.start();
    await delay(this.#parts.draw.between(1_500, 3_000));
    await this.kill();
    await rm(outboxDirectory, { recursive: true });
    await cp(copy, outboxDirectory, all);
    await rm(copy, { recursive: true });
    this.start();
  }

  async #makeDiskReadOnly(): Promise<void> {
    const disk = this.#ownDisk();
    await this.#restart(() => disk.makeReadOnly());
    await delay(this.#parts.draw.between(1_000, 2_000));
    await disk.makeWritable();
    await this.#restart();
  }

  #ownDisk(): SmallDisk {
    if (this.#disk === null) throw new Error(`station ${this.id} has no file system of its own`);
    return this.#disk;
  }

  /** At least so many: the scenario begins a little before the gateway is up. */
  #countMachineFaults(): void {
    if (!this.gateway.isRunning()) return;
    const livedSeconds = (this.gateway.upMs() / 1_000) * this.#parts.speed;
    for (const { name, atSeconds } of machineTrouble) {
      if (atSeconds > livedSeconds) break;
      this.machineFaults.set(name, (this.machineFaults.get(name) ?? 0) + 1);
    }
  }
}
