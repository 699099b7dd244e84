import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { GatewayConfig } from '../../src/config/schema.ts';
import { runChecks } from '../../src/doctor/check.ts';
import { hardwareChecks } from '../../src/doctor/machine-checks.ts';
import { runGateway } from '../../src/gateway.ts';
import type { HistorySeries } from '../../src/history/series.ts';
import { chartDefinitionsOf } from '../../src/http/page/chart-definitions.ts';
import { catalogue, configuredInstruments } from '../../src/instruments/catalogue.ts';
import type { ScenarioEvent } from '../../src/simulation/scenario.ts';
import { openSimulatedStation } from '../../src/simulation/simulated-station.ts';
import type { GatewayStatus } from '../../src/status/status.ts';
import { systemClock } from '../../src/time/clock.ts';
import { quantityTable } from '../../src/weather/quantities.ts';
import { airProbe, airProbeShows } from '../fakes/air-probe.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { createFakePublisher } from '../fakes/publisher.ts';
import { createFakeStationActions } from '../fakes/station-actions.ts';

/** The one line. */
const instruments = [...catalogue, airProbe];

const HEAD = `station: { id: "1", name: Test }
aws: { endpoint: localhost, certificate: /nowhere/device.pem, privateKey: /nowhere/device.key }
reporting: { intervalSeconds: 1 }
http: { port: 0 }
log: { level: error }
`;

describe('an instrument that is one object and one line', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'made-up-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const load = async (sensors: string) => {
    const file = join(directory, 'gateway.yaml');
    await writeFile(file, `${HEAD}outbox: { directory: ${directory} }\nsensors: ${sensors}\n`);
    return loadConfig(file, { instruments });
  };

  const configOf = async (sensors: string): Promise<GatewayConfig> => {
    const { config, problems } = await load(sensors);
    if (config === undefined) throw new Error(JSON.stringify(problems));
    return config;
  };

  const openBuses = async (config: GatewayConfig, events: ScenarioEvent[] = []) => {
    const configured = configuredInstruments(config.sensors, instruments);
    const scenario = { name: 'test', seed: 1, events };
    const { buses } = await openSimulatedStation({ clock: systemClock, instruments: configured, scenario });
    return { configured, buses };
  };

  /** Runs the daemon until it has sent two readings; resolves with them and with what it serves meanwhile. */
  const run = async (config: GatewayConfig, events: ScenarioEvent[] = []) => {
    const { configured, buses } = await openBuses(config, events);
    const publisher = createFakePublisher();
    const log = createRecordingLog();
    const stop = new AbortController();
    const isKnown = (): Promise<boolean> => Promise.resolve(true);
    const running = runGateway(
      {
        config,
        version: '1.2.3',
        directory,
        bootId: 'boot',
        release: '/opt/release',
        clock: systemClock,
        synchronization: { isSynchronized: isKnown, wasSynchronizedInThisBoot: isKnown },
        instruments: configured,
        buses,
        publisher,
        credentials: { current: () => null },
        manager: { watchdogMs: null, notify: () => Promise.resolve(true) },
        actions: createFakeStationActions(),
        pageFiles: [],
        log,
      },
      stop.signal,
    );
    const readings = (): Record<string, unknown>[] =>
      publisher.published
        .filter(({ topic }) => topic === 'weather/1/reading')
        .map(({ payload }) => JSON.parse(payload));
    while (readings().length < 2) await delay(20);
    const url = log.lines('info').find(({ message }) => message === 'the dashboard is served')?.['url'];
    const [status, history, metrics] = await Promise.all([
      fetch(`${url}/api/status`).then(async (response) => (await response.json()) as GatewayStatus),
      fetch(`${url}/api/readings?minutes=10`).then(
        async (response) => (await response.json()) as HistorySeries,
      ),
      fetch(`${url}/metrics`).then((response) => response.text()),
    ]);
    stop.abort();
    await running;
    return { readings: readings(), status, history, metrics };
  };

  it('has its value in message, store, history, status, metrics and charts', async () => {
    const { readings, status, history, metrics } = await run(await configOf('{ airProbe: {} }'));

    expect(readings[0]).toMatchObject({ ...airProbeShows, pressure: null, quality: {} });
    // The status shows the newest reading of the store.
    expect(status).toMatchObject({
      latest: airProbeShows,
      instruments: [{ name: 'airProbe', title: 'air probe, air', state: 'ok', errors: 0 }],
    });
    expect(history.values.temperature.at(-1)).toBeCloseTo(airProbeShows.temperature, 1);
    expect(metrics).toMatch(/^weather_temperature_celsius 21\.8$/m);
    expect(metrics).toContain('weather_gateway_instrument_up{instrument="airProbe"} 1');
    const charted = chartDefinitionsOf(quantityTable).flatMap(({ lines }) =>
      lines.map((line) => line.of(history.values).at(-1)),
    );
    expect(charted.slice(0, 2)).toEqual([
      expect.closeTo(airProbeShows.temperature, 1),
      expect.closeTo(airProbeShows.humidity, 1),
    ]);
  });

  it('is examined by doctor', async () => {
    const config = await configOf('{ airProbe: { address: 0x45 } }');
    const { configured } = await openBuses(config);

    const findings = await runChecks(
      hardwareChecks({
        instruments: configured,
        i2cBus: 1,
        openBuses: async () => (await openBuses(config)).buses,
        clock: systemClock,
        daemonFaults: () => Promise.resolve(null),
      }),
      systemClock,
      () => undefined,
    );

    expect(findings).toMatchObject([
      { name: 'buses', isPassed: true },
      { name: 'air probe', isPassed: true, detail: '21.8 °C' },
    ]);
  });

  it('has its part of the configuration, and its addresses to itself', async () => {
    expect((await load('{ airProbe: { address: 0x46 } }')).problems).toMatchObject([
      { key: 'sensors.airProbe.address', found: '0x46' },
    ]);
    expect((await load('{ bme280: {}, airProbe: { address: 0x76 } }')).problems).toMatchObject([
      {
        key: 'sensors.airProbe.address',
        line: 7,
        found: '0x76',
        allowed: 'an address of its own (sensors.bme280.address has this one)',
      },
    ]);
    expect((await load('{ airProbe: { address: 0x76 }, bme280: {} }')).problems).toMatchObject([
      { key: 'sensors.bme280.address', line: 7, found: '0x76' },
    ]);
    expect(
      (await load('{ bme280: { address: 0x77 }, airProbe: { address: 0x76 } }')).problems,
    ).toBeUndefined();
    expect((await load('{ airProbes: {} }')).problems).toMatchObject([
      { key: 'sensors.airProbes', allowed: expect.stringContaining('did you mean airProbe?') },
    ]);
  });

  it('gives the value where it is listed first, and stays silent where it is listed second', async () => {
    const first = await run(await configOf('{ airProbe: {}, bme280: {} }'));
    const second = await run(await configOf('{ bme280: {}, airProbe: {} }'));

    expect(first.readings[0]).toMatchObject({ ...airProbeShows, pressure: expect.any(Number), quality: {} });
    expect(first.status.instruments).toMatchObject([{ name: 'airProbe' }, { name: 'bme280' }]);
    expect(second.readings[0]).toMatchObject({ quality: {} });
    expect(second.readings[0]?.['temperature']).not.toBe(airProbeShows.temperature);
  });

  it('stands in for the one that fails, with a flag', async () => {
    const away: ScenarioEvent = { kind: 'busError', fromSeconds: 0, chip: 'bme280', code: 'EREMOTEIO' };

    const { readings, status } = await run(await configOf('{ bme280: {}, airProbe: {} }'), [away]);

    expect(readings[0]).toMatchObject({
      ...airProbeShows,
      pressure: null,
      quality: {
        temperature: 'suspect:substitute',
        humidity: 'suspect:substitute',
        pressure: 'missing:missing',
      },
    });
    expect(status.instruments).toMatchObject([
      { name: 'bme280', state: 'failing' },
      { name: 'airProbe', state: 'ok' },
    ]);
  });
});
