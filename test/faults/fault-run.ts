import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import { until } from '../system/gateway-process.ts';
import { createMosquitto, type Mosquitto } from '../system/mosquitto.ts';
import { type Subscriber, subscribe } from '../system/subscriber.ts';
import { linkFaults } from './faulty-link.ts';
import { diskFaults, type FaultName, FaultyStation, undiskedFaults } from './faulty-station.ts';
import { jobFaults, serveJobs } from './job-trouble.ts';
import { machineTrouble } from './machine-trouble.ts';
import { deckOf, drawFrom, seededRandom } from './random.ts';
import type { FaultReport, StationReport } from './report.ts';
import type { TimedFootprint } from './trend.ts';
import { verdictOn } from './verdict.ts';
import { watch } from './watch.ts';

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

const FAULTS_BETWEEN_BROKER_FAULTS = 6;
const SETTLE_MS = 2_000;

class FaultRun {
  readonly #options: FaultRunOptions;
  readonly #mosquitto: Mosquitto;
  readonly #stations: readonly FaultyStation[];
  readonly #draw;
  readonly #nextFault: readonly (() => FaultName)[];
  readonly #counts = new Map<string, number>();
  #subscriber: Subscriber | undefined;
  #injected = 0;

  constructor(options: FaultRunOptions, mosquitto: Mosquitto, stations: readonly FaultyStation[]) {
    this.#options = options;
    this.#mosquitto = mosquitto;
    this.#stations = stations;
    this.#draw = drawFrom(seededRandom(options.seed));
    const allFaults = [...undiskedFaults, ...(options.hasOwnDisks ? diskFaults : [])] as const;
    // The first station is never killed, so that its footprint tells of a leak.
    this.#nextFault = stations.map((_, index) =>
      deckOf(index === 0 ? [...linkFaults, ...jobFaults] : allFaults, this.#draw),
    );
    const others = ['broker killed', 'broker restarted', ...machineTrouble.map(({ name }) => name)];
    for (const name of [...allFaults, ...others]) this.#counts.set(name, 0);
  }

  async run(): Promise<FaultReport> {
    await this.#bringBroker();
    for (const station of this.#stations) station.start();
    const isUp = async ({ gateway }: FaultyStation): Promise<boolean> => (await gateway.waiting()) !== null;
    for (const station of this.#stations) await until(`station ${station.id} is up`, () => isUp(station));
    const endJobs = await serveJobs(
      this.#mosquitto,
      this.#stations.map(({ jobs }) => jobs),
    );
    const stop = new AbortController();
    const watching = watch(this.#stations, stop.signal);
    try {
      await this.#afflict();
    } finally {
      stop.abort();
      await endJobs();
    }
    return await this.#report(await watching);
  }

  async #afflict(): Promise<void> {
    const { faults, seconds, write } = this.#options;
    const endMs = Date.now() + seconds * 1_000;
    for (let round = 1; this.#injected < faults || Date.now() < endMs; round += 1) {
      await this.#round();
      await this.#breakBroker(round % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
      write(`${this.#injected} faults injected`);
    }
    write('all is well again; waiting until nothing waits');
    await Promise.all(this.#stations.map((station) => this.#drain(station)));
    await this.#subscriber?.close();
  }

  async #report(footprints: readonly TimedFootprint[]): Promise<FaultReport> {
    const stations: StationReport[] = [];
    for (const station of this.#stations) {
      for (const [name, count] of station.machineFaults) this.#count(name, count);
      stations.push({
        ...verdictOn(station.id, station.ledger, await station.gateway.stats()),
        jobsDone: station.jobs.done(),
        machineFaults: station.machineFaults,
        noticedClockSteps: await station.noticedClockSteps(),
        longestMs: station.times.longestMs(),
      });
    }
    return { counts: this.#counts, stations, footprints };
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
          await station.inject(name);
          await delay(holdMs);
          await station.link.heal();
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
    await Promise.all(this.#stations.map((station) => station.link.heal()));
  }

  async #breakBroker(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#mosquitto.stop(signal);
    await delay(this.#draw.between(200, 1_500));
    await Promise.all(this.#stations.map((station) => station.link.cut()));
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
