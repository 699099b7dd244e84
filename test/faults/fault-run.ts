import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import { until } from '../system/gateway-process.ts';
import { createMosquitto, type Mosquitto } from '../system/mosquitto.ts';
import { type Subscriber, subscribe } from '../system/subscriber.ts';
import { type FaultName, FaultyStation } from './faulty-station.ts';
import { type Footprint, footprintOf } from './process-footprint.ts';
import { deckOf, drawFrom, seededRandom } from './random.ts';
import { type Verdict, verdictOn } from './verdict.ts';

export type FaultRunOptions = {
  readonly seed: number;
  readonly stations: number;
  /** Simulated seconds in a second. */
  readonly speed: number;
  /** Injected by the driver; sensor faults and clock steps of the scenario come on top. */
  readonly faults: number;
  /** Goes on at least so long. */
  readonly seconds: number;
  /** Whether stations can have file systems of their own; without one no disk is filled or made read-only. */
  readonly hasOwnDisks: boolean;
  readonly write: (line: string) => void;
};

export type FaultReport = {
  /** By name; 0 for a kind that was never injected. */
  readonly counts: ReadonlyMap<string, number>;
  readonly verdicts: readonly Verdict[];
  /** Of the first station, which only its link afflicts, once a minute. */
  readonly footprints: readonly Footprint[];
};

const linkFaults: readonly [FaultName, ...FaultName[]] = [
  'cut',
  'black hole',
  'slow link',
  'client certificate refused',
  'connection refused by the broker',
  'PUBACK with a failure code',
  'no PUBACK',
  'connection dropped instead of a PUBACK',
];
const machineFaults: readonly [FaultName, ...FaultName[]] = [
  ...linkFaults,
  'kill -9',
  'kill -9',
  'payload refused for good',
  'reading larger than the broker takes',
  'damaged files',
];
/** These need a file system of the station's own. */
export const diskFaults: readonly FaultName[] = ['disk full', 'read-only disk'];

const FAULTS_BETWEEN_BROKER_FAULTS = 6;
const SETTLE_MS = 2_000;
const FOOTPRINT_EVERY_MS = 60_000;

class FaultRun {
  readonly #options: FaultRunOptions;
  readonly #mosquitto: Mosquitto;
  readonly #stations: readonly FaultyStation[];
  readonly #draw;
  readonly #nextFault: readonly (() => FaultName)[];
  readonly #counts = new Map<string, number>();
  readonly #footprints: Footprint[] = [];
  #subscriber: Subscriber | undefined;
  #footprintAtMs = 0;
  #injected = 0;

  constructor(options: FaultRunOptions, mosquitto: Mosquitto, stations: readonly FaultyStation[]) {
    this.#options = options;
    this.#mosquitto = mosquitto;
    this.#stations = stations;
    this.#draw = drawFrom(seededRandom(options.seed));
    const allFaults = [...machineFaults, ...(options.hasOwnDisks ? diskFaults : [])] as const;
    // The first station is never killed, so that its footprint tells of a leak.
    this.#nextFault = stations.map((_, index) => deckOf(index === 0 ? linkFaults : allFaults, this.#draw));
    for (const name of [...allFaults, 'broker killed', 'broker restarted']) this.#counts.set(name, 0);
  }

  async run(): Promise<FaultReport> {
    const { faults, seconds, write } = this.#options;
    await this.#bringBroker();
    for (const station of this.#stations) station.start();
    const isUp = async ({ gateway }: FaultyStation): Promise<boolean> => (await gateway.waiting()) !== null;
    for (const station of this.#stations) await until(`station ${station.id} is up`, () => isUp(station));
    const endMs = Date.now() + seconds * 1_000;
    for (let round = 1; this.#injected < faults || Date.now() < endMs; round += 1) {
      await this.#round();
      await this.#breakBroker(round % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
      write(`${this.#injected} faults injected`);
      await this.#measure();
    }
    write('all is well again; waiting until nothing waits');
    await Promise.all(this.#stations.map((station) => this.#drain(station)));
    await this.#subscriber?.close();
    for (const station of this.#stations)
      for (const [name, count] of station.machineFaults) this.#count(name, count);
    const verdicts: Verdict[] = [];
    for (const station of this.#stations) verdicts.push(await verdictOn(station));
    return { counts: this.#counts, verdicts, footprints: this.#footprints };
  }

  #count(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  /** Each station gets some faults, one after the other, with a moment to recover in after each. */
  async #round(): Promise<void> {
    const draw = this.#draw;
    const plans = this.#stations.map((station, index) => ({
      station,
      // Drawn before anything happens: what is drawn must not depend on who is faster.
      steps: Array.from({ length: FAULTS_BETWEEN_BROKER_FAULTS }, () => ({
        name: this.#nextFault[index]?.() ?? linkFaults[0],
        holdMs: draw.between(300, 2_500),
        recoverMs: draw.between(200, 1_500),
      })),
    }));
    await Promise.all(
      plans.map(async ({ station, steps }) => {
        for (const { name, holdMs, recoverMs } of steps) {
          await station.faults[name]();
          await delay(holdMs);
          await station.heal();
          await delay(recoverMs);
          this.#count(name);
          this.#injected += 1;
        }
      }),
    );
  }

  /** Somebody listens before the first station is let in, so that nothing arrives unseen. */
  async #bringBroker(): Promise<void> {
    await this.#mosquitto.start();
    this.#subscriber = await subscribe({
      port: this.#mosquitto.port,
      rootCa: this.#mosquitto.authority.certificate,
      identity: await this.#mosquitto.authority.issueClient('subscriber'),
      onMessage: (topic, payload) => {
        const id = topic.split('/').at(-2);
        this.#stations.find((station) => station.id === id)?.ledger.take(topic, payload);
      },
    });
    await Promise.all(this.#stations.map((station) => station.heal()));
  }

  async #breakBroker(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#mosquitto.stop(signal);
    await delay(this.#draw.between(200, 1_500));
    await Promise.all(this.#stations.map((station) => station.cut()));
    await this.#subscriber?.close();
    await this.#bringBroker();
    this.#count(signal === 'SIGKILL' ? 'broker killed' : 'broker restarted');
    this.#injected += 1;
  }

  async #drain(station: FaultyStation): Promise<void> {
    if (!station.gateway.isRunning()) station.start();
    await until(`station ${station.id} has nothing left to send`, async () => {
      if (!station.gateway.isRunning()) station.start();
      const waiting = await station.gateway.waiting();
      return waiting !== null && waiting <= 1;
    });
    await station.end();
    await delay(SETTLE_MS);
  }

  async #measure(): Promise<void> {
    const [first] = this.#stations;
    const pid = first?.gateway.pid();
    if (Date.now() < this.#footprintAtMs || first === undefined || pid === undefined) return;
    this.#footprintAtMs = Date.now() + FOOTPRINT_EVERY_MS;
    this.#footprints.push(await footprintOf(pid, first.gateway.outboxDirectory));
  }
}

/** Afflicts several stations at once, lets them recover, and tells what became of their readings. */
export const runFaults = async (options: FaultRunOptions): Promise<FaultReport> => {
  const folder = await mkdtemp(join(tmpdir(), 'faults-'));
  const mosquitto = await createMosquitto();
  const server = await mosquitto.authority.issueServer({ dns: ['localhost'], ip: ['127.0.0.1'] });
  const otherAuthority = (await createCertificateAuthority('Another authority')).certificate;
  const stations: FaultyStation[] = [];
  try {
    for (let index = 1; index <= options.stations; index += 1) {
      const id = `${index}`;
      const draw = drawFrom(seededRandom(options.seed * 1_000 + index));
      const { speed, hasOwnDisks: hasOwnDisk } = options;
      const parts = {
        id,
        folder: join(folder, id),
        mosquitto,
        server,
        otherAuthority,
        speed,
        draw,
        hasOwnDisk,
      };
      stations.push(await FaultyStation.create(parts));
    }
    return await new FaultRun(options, mosquitto, stations).run();
  } finally {
    for (const station of stations) await station.dispose();
    await mosquitto.dispose();
    await rm(folder, { recursive: true, force: true });
  }
};
