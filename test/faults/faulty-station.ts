import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Identity } from '../../src/certificate/certificate-authority.ts';
import { type Broker, startBroker } from '../../src/demo/broker.ts';
import type { Acceptance, BrokerAnswer, BrokerMessage } from '../../src/demo/broker-session.ts';
import type { ScenarioEvent } from '../../src/simulation/scenario.ts';
import { DeliveryLedger } from '../system/delivery-ledger.ts';
import { createFaultProxy, type FaultProxy } from '../system/fault-proxy.ts';
import { createGatewayProcess, type GatewayProcess } from '../system/gateway-process.ts';
import type { Mosquitto } from '../system/mosquitto.ts';
import type { Draw } from './random.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';

export type FaultyStationParts = {
  readonly id: string;
  readonly folder: string;
  readonly mosquitto: Mosquitto;
  readonly server: Identity;
  /** Lets in nobody that the station could be. */
  readonly otherAuthority: string;
  readonly speed: number;
  readonly draw: Draw;
  /** Whether it has a file system of its own, and with it the faults of a disk. */
  readonly hasOwnDisk: boolean;
};

type MachineTrouble = {
  readonly name: string;
  readonly atSeconds: number;
  readonly event: (atSeconds: number) => ScenarioEvent;
};

/** What happens to the machine rather than to the link, in every simulated minute of each life. */
const machineTrouble: readonly MachineTrouble[] = Array.from(
  { length: 200 },
  (_, minute): MachineTrouble[] => {
    const startSeconds = 20 + minute * 60;
    const bySeconds = minute % 2 === 0 ? 7_200 : -7_200;
    return [
      {
        name: 'BME280 does not answer',
        atSeconds: startSeconds,
        event: (fromSeconds) => ({
          kind: 'busError',
          fromSeconds,
          forSeconds: 5,
          chip: 'bme280',
          code: 'EREMOTEIO',
        }),
      },
      {
        name: 'ADS1115 does not answer',
        atSeconds: startSeconds + 15,
        event: (fromSeconds) => ({
          kind: 'busError',
          fromSeconds,
          forSeconds: 5,
          chip: 'ads1115',
          code: 'EIO',
        }),
      },
      {
        name: 'brown-out of the BME280',
        atSeconds: startSeconds + 30,
        event: (atSeconds) => ({ kind: 'brownOut', atSeconds, chip: 'bme280' }),
      },
      {
        name: 'clock stepped by two hours',
        atSeconds: startSeconds + 40,
        event: (atSeconds) => ({ kind: 'clockStep', atSeconds, bySeconds }),
      },
    ];
  },
).flat();

/** The outbox is bounded at 8 MB, and LevelDB needs room to reopen. */
const SMALL_DISK_MEGABYTES = 16;

const REFUSALS: readonly [number, ...number[]] = [0x80, 0x83, 0x87, 0x97];

export type FaultName =
  | 'kill -9'
  | 'cut'
  | 'black hole'
  | 'slow link'
  | 'client certificate refused'
  | 'connection refused by the broker'
  | 'PUBACK with a failure code'
  | 'no PUBACK'
  | 'connection dropped instead of a PUBACK'
  | 'payload refused for good'
  | 'reading larger than the broker takes'
  | 'disk full'
  | 'read-only disk'
  | 'damaged files';

/** One station, its link, its disk and all that arrived from it. */
export class FaultyStation {
  readonly id: string;
  readonly ledger = new DeliveryLedger();
  readonly gateway: GatewayProcess;
  readonly #parts: FaultyStationParts;
  readonly #proxy: FaultProxy;
  readonly #disk: SmallDisk | null;
  readonly #scripted: Broker;
  readonly #stranger: Broker;
  #answer: (message: BrokerMessage) => BrokerAnswer = () => ({ reasonCode: 0 });
  #acceptance: Acceptance = { reasonCode: 0 };
  #startedAtMs = 0;
  /** Sensor faults and clock steps of the scenario in all lives, by name. */
  readonly machineFaults = new Map<string, number>();
  damaged = 0;

  private constructor(
    parts: FaultyStationParts,
    world: {
      proxy: FaultProxy;
      disk: SmallDisk | null;
      gateway: GatewayProcess;
      stranger: Broker;
      scripted: Broker;
    },
  ) {
    this.id = parts.id;
    this.#parts = parts;
    this.#proxy = world.proxy;
    this.#disk = world.disk;
    this.gateway = world.gateway;
    this.#stranger = world.stranger;
    this.#scripted = world.scripted;
  }

  static async create(parts: FaultyStationParts): Promise<FaultyStation> {
    const { mosquitto, server } = parts;
    const proxy = await createFaultProxy();
    const diskPath = join(parts.folder, 'disk');
    const disk = parts.hasOwnDisk ? await mountSmallDisk(diskPath, SMALL_DISK_MEGABYTES) : null;
    const rootCa = mosquitto.authority.certificate;
    const device = await mosquitto.authority.issueClient(parts.id);
    const gateway = await createGatewayProcess({
      stationId: parts.id,
      folder: join(parts.folder, 'files'),
      outboxDirectory: join(diskPath, 'outbox'),
      brokerPort: proxy.port,
      rootCa,
      device,
      speed: parts.speed,
      events: machineTrouble.map(({ atSeconds, event }) => event(atSeconds)),
    });
    const stranger = await startBroker({ server, clientAuthority: parts.otherAuthority });
    const self: { station?: FaultyStation } = {};
    const scripted = await startBroker({
      server,
      clientAuthority: rootCa,
      onConnect: () => self.station?.acceptance() ?? { reasonCode: 0 },
      onPublish: (message) => self.station?.answer(message) ?? 'silence',
    });
    const station = new FaultyStation(parts, { proxy, disk, gateway, stranger, scripted });
    self.station = station;
    return station;
  }

  acceptance(): Acceptance {
    return this.#acceptance;
  }

  answer(message: BrokerMessage): BrokerAnswer {
    const answer = message.retain ? { reasonCode: 0 } : this.#answer(message);
    if (typeof answer === 'object' && 'reasonCode' in answer && answer.reasonCode < 0x80) {
      this.ledger.take(message.topic, message.payload);
    }
    return answer;
  }

  start(): void {
    this.#startedAtMs = Date.now();
    this.gateway.start();
  }

  async kill(): Promise<void> {
    this.#countMachineFaults();
    await this.gateway.stop('SIGKILL');
  }

  async end(): Promise<void> {
    this.#countMachineFaults();
    await this.gateway.stop('SIGTERM');
  }

  /** Back to the real broker on a good link. */
  heal(): Promise<void> {
    return this.#proxy.open(this.#parts.mosquitto.port);
  }

  cut(): Promise<void> {
    return this.#proxy.cut();
  }

  async dispose(): Promise<void> {
    await this.gateway.stop('SIGKILL');
    await this.#proxy.cut();
    await Promise.all([this.#stranger.close(), this.#scripted.close()]);
    await this.#disk?.unmount();
  }

  readonly faults: Readonly<Record<FaultName, () => Promise<void>>> = {
    'kill -9': async () => {
      await this.kill();
      this.start();
    },
    cut: () => this.#proxy.cut(),
    'black hole': () => Promise.resolve(this.#proxy.swallow()),
    'slow link': () => this.#proxy.open(this.#parts.mosquitto.port, 4_000),
    'client certificate refused': () => this.#proxy.open(this.#stranger.port),
    'connection refused by the broker': () => this.#script(() => ({ reasonCode: 0 }), { reasonCode: 0x87 }),
    'PUBACK with a failure code': () => {
      const reasonCode = this.#parts.draw.oneOf(REFUSALS);
      let isRefusing = false;
      // Some are taken in between: what is refused must not be overtaken.
      return this.#script(() => {
        isRefusing = !isRefusing;
        return { reasonCode: isRefusing ? reasonCode : 0 };
      });
    },
    'no PUBACK': () => this.#script(() => 'silence'),
    'connection dropped instead of a PUBACK': () => this.#script(() => 'drop'),
    'payload refused for good': () =>
      this.#script(({ topic }) => ({ reasonCode: topic.endsWith('/gap') ? 0 : 0x99 })),
    'reading larger than the broker takes': () =>
      this.#script(() => ({ reasonCode: 0 }), { reasonCode: 0, maximumPacketSize: 250 }),
    'disk full': async () => {
      const disk = this.#ownDisk();
      await disk.fill();
      await delay(this.#parts.draw.between(300, 1_500));
      await disk.free();
    },
    'read-only disk': async () => {
      const disk = this.#ownDisk();
      await this.kill();
      await disk.makeReadOnly();
      this.start();
      await delay(this.#parts.draw.between(1_000, 2_000));
      await disk.makeWritable();
      await this.kill();
      this.start();
    },
    'damaged files': async () => {
      await this.kill();
      await this.#damageOneFile();
      this.damaged += 1;
      this.start();
    },
  };

  #script(answer: (message: BrokerMessage) => BrokerAnswer, acceptance: Acceptance = { reasonCode: 0 }) {
    this.#answer = answer;
    this.#acceptance = acceptance;
    return this.#proxy.open(this.#scripted.port);
  }

  /** Flips a bit, or cuts the file short. */
  async #damageOneFile(): Promise<void> {
    const { draw } = this.#parts;
    const names = await readdir(this.gateway.outboxDirectory, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const [first, ...others] = files;
    if (first === undefined) return;
    const file = draw.oneOf([first, ...others]);
    const bytes = await readFile(file);
    if (bytes.length === 0 || draw.between(0, 1) < 0.3) {
      await truncate(file, Math.floor(draw.between(0, bytes.length)));
      return;
    }
    const at = Math.floor(draw.between(0, bytes.length));
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(draw.between(0, 8)));
    await writeFile(file, bytes);
  }

  #ownDisk(): SmallDisk {
    if (this.#disk === null) throw new Error(`station ${this.id} has no file system of its own`);
    return this.#disk;
  }

  #countMachineFaults(): void {
    if (!this.gateway.isRunning()) return;
    const livedSeconds = ((Date.now() - this.#startedAtMs) / 1_000) * this.#parts.speed;
    for (const { name, atSeconds } of machineTrouble) {
      if (atSeconds > livedSeconds) break;
      this.machineFaults.set(name, (this.machineFaults.get(name) ?? 0) + 1);
    }
  }
}
