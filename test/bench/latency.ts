import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewaySchema } from '../../src/config/schema.ts';
import { runGateway } from '../../src/gateway.ts';
import type { I2cBus } from '../../src/i2c/i2c-bus.ts';
import { configuredInstruments } from '../../src/instruments/catalogue.ts';
import type { Publisher } from '../../src/mqtt/publisher.ts';
import { openSimulatedStation } from '../../src/simulation/simulated-station.ts';
import { systemClock } from '../../src/time/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { createFakeStationActions } from '../fakes/station-actions.ts';
import { createMosquitto, type Mosquitto } from '../system/mosquitto.ts';
import { connectingPublisher } from './drain-station.ts';
import { alone, type Bench, percentile } from './figure.ts';

const READINGS = 200;
const BME280_ADDRESS = 0x76;

/** Notes when the last bytes of the air came off the bus, and when the broker had taken what was made of them. */
class Stopwatch {
  readonly latenciesMs: number[] = [];
  readonly #isEnough: () => void;
  #readMs = 0;

  constructor(isEnough: () => void) {
    this.#isEnough = isEnough;
  }

  bus(bus: I2cBus): I2cBus {
    return {
      readBlock: async (address, register, length) => {
        const bytes = await bus.readBlock(address, register, length);
        if (address === BME280_ADDRESS) this.#readMs = performance.now();
        return bytes;
      },
      readWord: (address, register) => bus.readWord(address, register),
      writeByte: (address, register, value) => bus.writeByte(address, register, value),
      writeWord: (address, register, value) => bus.writeWord(address, register, value),
      read: (address, length) => bus.read(address, length),
      write: (address, bytes) => bus.write(address, bytes),
      close: () => bus.close(),
    };
  }

  publisher(publisher: Publisher): Publisher {
    return {
      start: () => publisher.start(),
      publish: async (topic, payload, options) => {
        const readMs = this.#readMs;
        const result = await publisher.publish(topic, payload, options);
        if (topic.endsWith('/reading') && result.kind === 'acknowledged') this.#note(readMs);
        return result;
      },
      subscribe: (filters, onMessage) => publisher.subscribe(filters, onMessage),
      link: () => publisher.link(),
      problem: () => publisher.problem(),
      onLink: (listener) => publisher.onLink(listener),
      reconnect: (reason) => publisher.reconnect(reason),
      stop: () => publisher.stop(),
    };
  }

  #note(readMs: number): void {
    this.latenciesMs.push(performance.now() - readMs);
    if (this.latenciesMs.length >= READINGS) this.#isEnough();
  }
}

/** The whole daemon on simulated buses, a reading a second, until enough of them were delivered one by one. */
const measureLatencies = async (broker: Mosquitto, directory: string): Promise<readonly number[]> => {
  const config = gatewaySchema.parse({
    station: { id: '1', name: 'Bench' },
    aws: { endpoint: 'localhost', certificate: '/nowhere/device.pem', privateKey: '/nowhere/device.key' },
    reporting: { intervalSeconds: 1 },
    outbox: { directory },
    sensors: { bme280: {}, windVane: {}, anemometer: { gpio: 5 }, rainGauge: { gpio: 6 } },
    http: { port: 0 },
  });
  const instruments = configuredInstruments(config.sensors);
  const { buses } = await openSimulatedStation({ clock: systemClock, instruments });
  const stop = new AbortController();
  const stopwatch = new Stopwatch(() => stop.abort());
  const isKnown = (): Promise<boolean> => Promise.resolve(true);
  await runGateway(
    {
      ...{
        config,
        instruments,
        directory,
        version: 'bench',
        bootId: 'bench',
        release: '/opt/release',
        clock: systemClock,
        actions: createFakeStationActions(),
        pageFiles: [],
      },
      synchronization: { isSynchronized: isKnown, wasSynchronizedInThisBoot: isKnown },
      manager: { watchdogMs: null, notify: () => Promise.resolve(true) },
      buses: { ...buses, i2cBus: stopwatch.bus(buses.i2cBus) },
      publisher: stopwatch.publisher(await connectingPublisher(broker, 'iot-core')),
      credentials: { current: () => null },
      log: createRecordingLog(),
    },
    stop.signal,
  );
  return stopwatch.latenciesMs;
};

export const latency: Bench = {
  name: 'latency',
  measure: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bench-latency-'));
    const broker = await createMosquitto();
    await broker.start();
    try {
      const latenciesMs = await measureLatencies(broker, directory);
      return [0.5, 0.99].map((share) =>
        alone({
          name: `sensor to PUBACK, p${share * 100} of ${READINGS}, broker on the same machine`,
          unit: 'ms',
          ours: percentile(latenciesMs, share),
        }),
      );
    } finally {
      await broker.dispose();
      await rm(directory, { recursive: true });
    }
  },
};
