import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSimulatedSysfs } from '../../src/buses/station-buses.ts';
import { qualitySchema } from '../../src/config/quality-schema.ts';
import { sensorsSchema } from '../../src/config/schema.ts';
import type { OutputLine } from '../../src/gpio/lines.ts';
import { configuredInstruments } from '../../src/instruments/catalogue.ts';
import { StationInstruments } from '../../src/instruments/station-instruments.ts';
import { Ads1115Chip } from '../../src/instruments/wind-vane/simulated.ts';
import { Sampler } from '../../src/measuring/sampler.ts';
import type { StateChanges } from '../../src/outbox/records.ts';
import { createQualityControl } from '../../src/quality/quality-control.ts';
import {
  createSimulatedI2cBus,
  type I2cChip,
  type RegisterChip,
  withRegisters,
} from '../../src/simulation/simulated-i2c-bus.ts';
import type { RawMeasurement } from '../../src/weather/reading.ts';
import { createScriptedBme280 } from '../fakes/bme280.ts';
import { createManualClock, type ManualClock } from '../fakes/clock.ts';
import { createFakeEdgeSource, type FakeEdgeSource } from '../fakes/edge-source.ts';
import { createRecordingLog, type RecordingLog } from '../fakes/log.ts';
import { createFakeSavedState, type FakeSavedState } from '../fakes/saved-state.ts';

const WIND = 5;
const RAIN = 6;
const intervalMs = 12_000;
const allSensors = {
  bme280: {},
  windVane: {},
  anemometer: { gpio: WIND },
  rainGauge: { gpio: RAIN },
};

type Delivery = { readonly raw: RawMeasurement; readonly state: StateChanges };

/** A station on fakes; time moves on when a test says so. */
class Station {
  readonly clock: ManualClock = createManualClock({ monotonicMs: 0 });
  /** Addresses that do not answer. */
  readonly absent = new Set<number>();
  readonly transfers: { readonly address: number; readonly atMs: number }[] = [];
  readonly log: RecordingLog = createRecordingLog();
  readonly outbox: FakeSavedState = createFakeSavedState();
  readonly deliveries: Delivery[] = [];
  readonly interims: RawMeasurement[] = [];
  intervalMs = intervalMs;
  readonly stop = new AbortController();
  edges: FakeEdgeSource = createFakeEdgeSource();
  vaneVolts = 1.487;
  isStoring = true;
  samples = 0;
  running: Promise<void> = Promise.resolve();

  /** Answers without waiting, so that all there is to do at a moment is done before the clock moves on. */
  createBus() {
    const { clock, absent, transfers } = this;
    const vane = new Ads1115Chip({ nowMs: () => clock.monotonicMs(), voltsAt: () => this.vaneVolts });
    const watched = (address: number, chip: RegisterChip): [number, I2cChip] => {
      const fault = (): string | null => {
        transfers.push({ address, atMs: clock.monotonicMs() });
        return absent.has(address) ? 'EREMOTEIO' : null;
      };
      return [address, { ...withRegisters(chip), fault }];
    };
    return createSimulatedI2cBus(
      new Map([watched(0x76, createScriptedBme280(clock).chip), watched(0x48, vane)]),
    );
  }

  async start(sensors: object = allSensors): Promise<StationInstruments> {
    const { clock, log, outbox } = this;
    const instruments = await StationInstruments.open({
      instruments: configuredInstruments(sensorsSchema.parse(sensors)),
      buses: {
        i2cBus: this.createBus(),
        sysfs: createSimulatedSysfs(new Map()),
        procfs: createSimulatedSysfs(new Map()),
        edgeSource: this.edges,
        openOutputLine: () => Promise.reject<OutputLine>(new Error('no output here')),
        close: () => Promise.resolve(),
      },
      clock,
      log,
      outbox,
    });
    const sampler = new Sampler({
      instruments,
      clock,
      timeKeeper: {
        now: () => ({
          bootId: 'boot',
          monotonicMs: clock.monotonicMs(),
          wallMs: clock.wallMs(),
          synchronized: true,
        }),
      },
      progress: {
        noteSample: () => {
          this.samples += 1;
        },
      },
      intervalMs: this.intervalMs,
      takeInterim: (raw) => {
        this.interims.push(raw);
        return Promise.resolve();
      },
      recorder: {
        deliver: async (raw, state) => {
          this.deliveries.push({ raw, state });
          if (this.isStoring) await outbox.putState(state);
          return this.isStoring;
        },
      },
    });
    this.running = sampler.run(this.stop.signal);
    return instruments;
  }

  /** `hz` pulses a second while time moves on. */
  async blow(hz: number, ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      const fromMs = this.clock.monotonicMs();
      for (let pulse = 0; pulse < hz; pulse += 1)
        this.edges.pulse(WIND, fromMs + ((pulse + 0.5) * 1_000) / hz);
      await this.clock.advance(1_000);
    }
  }

  get values() {
    return this.deliveries.map(({ raw }) => raw.values);
  }
}

describe('the sampler', () => {
  let station: Station;

  beforeEach(() => {
    station = new Station();
  });
  afterEach(async () => {
    station.stop.abort();
    await station.clock.advance(1_000);
    await station.running;
  });

  it('delivers a reading every interval, the first after a whole one', async () => {
    await station.start();
    await station.blow(10, 11_000);
    expect(station.deliveries).toEqual([]);
    await station.blow(10, 26_000);

    expect(station.deliveries.map(({ raw }) => raw.at.monotonicMs)).toEqual([12_000, 24_000, 36_000]);
    expect(station.deliveries.map(({ raw }) => raw.faults)).toEqual([{}, {}, {}]);
  });

  it('measures every quantity', async () => {
    await station.start();
    station.edges.pulse(RAIN, 3_000);
    station.edges.pulse(RAIN, 8_000);
    await station.blow(10, 12_500);

    expect(station.values).toEqual([
      {
        temperature: 25.08,
        humidity: expect.closeTo(55.0007, 3),
        pressure: expect.closeTo(1_006.53, 1),
        winddirection: expect.closeTo(45, 6),
        windintensity: expect.closeTo(24, 0),
        windgust: expect.closeTo(24, 0),
        rainheight: 2 * 0.2794,
      },
    ]);
  });

  it('calibrates before quality control judges', async () => {
    const calibration = { temperature: { scale: 2, offsetCelsius: 10 }, humidity: { offsetPercent: -3 } };
    await station.start({ bme280: { calibration } });
    await station.clock.advance(12_500);

    const control = createQualityControl({ limits: qualitySchema.parse({}), intervalMs });
    expect(station.deliveries.map(({ raw }) => control.check(raw))).toMatchObject([
      {
        values: { temperature: null, humidity: expect.closeTo(52.0007, 3) },
        quality: { temperature: 'failed:range' },
      },
    ]);
  });

  it('notes a sample every second where a vane is averaged', async () => {
    await station.start();
    await station.clock.advance(5_500);

    expect(station.samples).toBe(6);
  });

  describe('where nothing is averaged over the interval', () => {
    const rainAndAir = { bme280: {}, rainGauge: { gpio: RAIN } };

    it.each([
      { seconds: 5, wakes: 121 },
      { seconds: 12, wakes: 51 },
      { seconds: 60, wakes: 51 },
      // Ends of intervals and of what rules on counted quantities look at are 2 s apart.
      { seconds: 50, wakes: 301 },
      { seconds: 600, wakes: 51 },
    ])('wakes up $wakes times in ten minutes at a reading in $seconds s', async ({ seconds, wakes }) => {
      station.intervalMs = seconds * 1_000;
      await station.start(rainAndAir);
      await station.clock.advance(600_500);

      expect(station.samples).toBe(wakes);
      expect(station.deliveries.map(({ raw }) => raw.at.monotonicMs)).toEqual(
        Array.from({ length: 600 / seconds }, (_, index) => (index + 1) * seconds * 1_000),
      );
    });

    it('counts the rain of each interval, and tells the rules as soon', async () => {
      station.intervalMs = 50_000;
      await station.start(rainAndAir);
      station.edges.pulse(RAIN, 13_000);
      station.edges.pulse(RAIN, 49_999);
      station.edges.pulse(RAIN, 50_600);
      await station.clock.advance(100_500);

      expect(station.values.map(({ rainheight }) => rainheight)).toEqual([2 * 0.2794, 0.2794]);
      expect(station.interims.map(({ at }) => at.monotonicMs)).toEqual(
        [12, 24, 36, 48, 60, 72, 84, 96].map((second) => second * 1_000),
      );
      expect(station.interims.map(({ values }) => values.rainheight)).toEqual([
        0,
        0.2794,
        0,
        0,
        2 * 0.2794,
        ...[0, 0, 0],
      ]);
    });

    it('means the wind of an interval without a vane as well', async () => {
      await station.start({ anemometer: { gpio: WIND } });
      await station.blow(10, 24_500);

      expect(station.samples).toBe(3);
      expect(station.values).toMatchObject([
        { windintensity: expect.closeTo(24, 0), windgust: expect.closeTo(24, 0) },
        { windintensity: expect.closeTo(24, 6), windgust: expect.closeTo(24, 6) },
      ]);
    });
  });

  it('reads the BME280 once an interval and the vane once a second', async () => {
    await station.start();
    await station.clock.advance(24_500);

    const secondsOf = (chip: number): Set<number> =>
      new Set(
        station.transfers
          .filter(({ address }) => address === chip)
          .map(({ atMs }) => Math.floor(atMs / 1_000)),
      );
    expect([...secondsOf(0x76)]).toEqual([12, 24]);
    expect([...secondsOf(0x48)]).toEqual(Array.from({ length: 25 }, (_, second) => second));
  });

  it('means the directions of the interval as vectors', async () => {
    await station.start();
    station.vaneVolts = 2.265;
    await station.blow(10, 5_800);
    station.vaneVolts = 1.308;
    await station.blow(10, 6_000);
    station.vaneVolts = 0.926;
    await station.blow(10, 1_000);

    const direction = station.values[0]?.winddirection ?? 180;
    expect(Math.min(direction, 360 - direction)).toBeLessThan(0.001);
  });

  it('tells where the vane points in a calm too, which quality control has to know', async () => {
    await station.start();
    await station.clock.advance(12_500);

    expect(station.deliveries[0]?.raw).toMatchObject({
      values: { windintensity: 0, windgust: 0, winddirection: expect.closeTo(45, 6) },
      faults: {},
    });
  });

  it('gives the direction where no anemometer tells whether it is calm', async () => {
    await station.start({ windVane: {} });
    await station.clock.advance(12_500);

    expect(station.values[0]?.winddirection).toBeCloseTo(45, 6);
  });

  it('measures nothing where nothing is wired, without a fault', async () => {
    const instruments = await station.start({});
    await station.clock.advance(12_500);

    const raw = station.deliveries[0]?.raw;
    expect(Object.values(raw?.values ?? { none: 0 })).toEqual(Array.from({ length: 7 }, () => null));
    expect([raw?.faults, instruments.status()]).toEqual([{}, []]);
  });

  describe('counts pulses', () => {
    it('exactly once across the edges of intervals, by their own time', async () => {
      await station.start();
      for (const atMs of [11_800, 12_000, 23_990]) station.edges.pulse(RAIN, atMs);
      await station.clock.advance(37_000);

      expect(station.values.map(({ rainheight }) => rainheight)).toEqual([0.2794, 2 * 0.2794, 0]);
    });

    it('and doubts rain that fell faster than a bucket tips', async () => {
      await station.start();
      for (const atMs of [3_000, 3_300, 15_000]) station.edges.pulse(RAIN, atMs);
      await station.clock.advance(25_000);

      expect(station.deliveries.map(({ raw }) => [raw.values.rainheight, raw.doubts])).toEqual([
        [2 * 0.2794, { rainheight: 'suspect:bounce' }],
        [0.2794, {}],
      ]);
    });

    it('of the interval that arrive while the BME280 is read', async () => {
      await station.start();
      await station.clock.advance(12_001);
      expect(station.deliveries).toEqual([]);
      station.edges.pulse(RAIN, 11_990);
      await station.clock.advance(100);

      expect(station.values[0]?.rainheight).toBe(0.2794);
    });

    it('says how many may be missing', async () => {
      const instruments = await station.start();
      station.edges.missed = 7;

      expect(instruments.suspectedMissedPulses()).toBe(7);
    });
  });

  describe('between two readings that are far apart', () => {
    const counted = ({ interims }: Station) =>
      interims.map(({ values: { windgust, rainheight } }) => [windgust, rainheight]);

    it('tells what is counted, every 12 s', async () => {
      station.intervalMs = 3_600_000;
      await station.start();
      await station.blow(10, 24_000);
      station.edges.pulse(RAIN, 24_500);
      await station.blow(20, 12_500);

      expect(station.deliveries).toEqual([]);
      // The first says that nothing was measured before it.
      expect(counted(station)).toEqual([
        [null, 0],
        [expect.closeTo(24, 6), 0],
        [expect.closeTo(48, 1), 0.2794],
      ]);
      expect(station.interims[1]).toMatchObject({
        values: { temperature: null, winddirection: null },
        faults: {},
      });
    });

    it('leaves the readings as they are', async () => {
      station.intervalMs = 30_000;
      await station.start();
      station.edges.pulse(RAIN, 500);
      await station.blow(10, 31_000);

      expect(station.interims).toHaveLength(2);
      expect(station.values).toMatchObject([{ windintensity: expect.closeTo(24, 6), rainheight: 0.2794 }]);
    });

    it('knows no wind while the lines are lost', async () => {
      station.intervalMs = 60_000;
      await station.start();
      await station.blow(10, 25_000);
      station.edges.setFault(new Error('gpiomon ended'));
      await station.clock.advance(1_000);
      station.edges.setFault(null);
      await station.blow(10, 24_000);

      expect(station.interims.map(({ faults }) => faults['windgust'])).toEqual([
        'missing:not-ready',
        undefined,
        'missing:bus',
        undefined,
      ]);
    });

    it('tells nothing where readings come as often', async () => {
      await station.start();
      await station.blow(10, 25_000);

      expect(station.interims).toEqual([]);
    });
  });

  describe('when a reading is not stored', () => {
    it('reports its rain with the next one', async () => {
      await station.start();
      station.isStoring = false;
      station.edges.pulse(RAIN, 1_000);
      await station.clock.advance(13_000);
      station.isStoring = true;
      station.edges.pulse(RAIN, 14_000);
      await station.clock.advance(24_000);

      expect(station.values.map(({ rainheight }) => rainheight)).toEqual([0.2794, 2 * 0.2794, 0]);
    });
  });

  describe('when a sensor fails', () => {
    it('says so beside its values and goes on with the others', async () => {
      station.absent.add(0x76);
      const instruments = await station.start();
      await station.blow(10, 12_500);

      expect(station.deliveries[0]?.raw).toMatchObject({
        values: { temperature: null, humidity: null, pressure: null, winddirection: expect.closeTo(45, 6) },
        faults: { temperature: 'missing:missing', humidity: 'missing:missing', pressure: 'missing:missing' },
      });
      expect(instruments.status().map(({ name, state }) => [name, state])).toEqual([
        ['bme280', 'failing'],
        ['windVane', 'ok'],
        ['anemometer', 'ok'],
        ['rainGauge', 'ok'],
      ]);
    });

    it('asks a vane that was missing at boot until it appears', async () => {
      station.absent.add(0x48);
      await station.start();
      await station.blow(10, 13_000);
      station.absent.delete(0x48);
      await station.blow(10, 12_000);

      expect(station.deliveries.map(({ raw }) => raw.faults['winddirection'])).toEqual([
        'missing:missing',
        undefined,
      ]);
      expect(station.log.lines().map(({ message }) => message)).toEqual([
        'the instrument gives no value',
        'the instrument works again',
      ]);
    });

    it('calls a vane that matches no position faulty, in the status as beside the value', async () => {
      const instruments = await station.start();
      await station.blow(10, 12_500);
      station.vaneVolts = 3.3 * 0.34;
      await station.blow(10, 24_000);

      expect(station.deliveries.at(-1)?.raw.faults['winddirection']).toBe('missing:implausible');
      expect(instruments.status()[1]).toMatchObject({
        name: 'windVane',
        state: 'failing',
        lastFault: { code: 'implausible', message: 'wind vane: its voltage matches no position' },
      });
      await station.blow(10, 24_000);
      expect(station.log.lines().map(({ message }) => message)).toEqual(['the instrument gives no value']);
    });

    it('tells an open vane from one that stands between two positions', async () => {
      await station.start();
      station.vaneVolts = 3.29;
      await station.blow(10, 12_500);
      station.vaneVolts = 3.3 * 0.34;
      await station.blow(10, 24_000);

      expect(station.deliveries.map(({ raw }) => raw.faults)).toMatchObject([
        { winddirection: 'missing:implausible' },
        { winddirection: 'missing:implausible' },
        { winddirection: 'missing:implausible' },
      ]);
      expect(station.values.map(({ winddirection }) => winddirection)).toEqual([null, null, null]);
    });

    it('knows no wind of an interval in which the lines were lost, and keeps its rain', async () => {
      const instruments = await station.start();
      station.edges.pulse(RAIN, 500);
      await station.blow(10, 3_000);
      station.edges.setFault(new Error('gpiomon ended'));
      await station.clock.advance(1_000);
      station.edges.setFault(null);
      await station.blow(10, 9_000);
      await station.blow(10, 12_000);

      expect(station.deliveries[0]?.raw).toMatchObject({
        values: { windintensity: null, windgust: null, rainheight: null },
        faults: { windintensity: 'missing:bus', windgust: 'missing:bus', rainheight: 'missing:bus' },
      });
      expect(station.deliveries[0]?.state).toEqual({});
      expect(station.values[1]).toMatchObject({ windintensity: expect.closeTo(24, 0), rainheight: 0.2794 });
      expect(instruments.status()).toMatchObject([
        {},
        {},
        { name: 'anemometer', state: 'ok', errors: 1, lastFault: { message: 'gpiomon ended' } },
        { name: 'rainGauge', state: 'ok', errors: 1 },
      ]);
    });

    it('goes on knowing none while the lines stay lost', async () => {
      await station.start();
      await station.clock.advance(3_000);
      station.edges.setFault(new Error('gpiomon ended'));
      await station.clock.advance(34_000);

      expect(station.values.map(({ windintensity }) => windintensity)).toEqual([null, null, null]);
    });

    it('samples without pulses until the lines can be watched', async () => {
      station.edges = createFakeEdgeSource({ fault: new Error('no GPIO chip') });
      await station.start();
      await station.clock.advance(13_000);
      station.edges.setFault(null);
      await station.blow(10, 24_000);

      expect(station.values.map(({ windintensity }) => windintensity)).toEqual([
        null,
        null,
        expect.closeTo(24, 0),
      ]);
      expect(station.samples).toBeGreaterThan(30);
    });

    it('calls lines that are not watched yet not ready', async () => {
      const watch = station.edges.watch;
      station.edges = { ...station.edges, watch: (lines, onEdge) => watch(lines, onEdge, () => undefined) };
      station.edges.setFault(new Error('arming takes its time'));
      await station.start();
      await station.clock.advance(13_000);

      expect(station.deliveries[0]?.raw.faults).toMatchObject({ windintensity: 'missing:not-ready' });
    });
  });

  it('ends when told, with every tip saved and no lines needed for it', async () => {
    station.edges = createFakeEdgeSource({ fault: new Error('no GPIO chip') });
    await station.start();
    await station.clock.advance(1_000);
    station.stop.abort();
    await station.clock.advance(1_000);

    await station.running;
    await station.edges.close();
    expect(station.clock.sleepers()).toBe(0);
  });

  it('ends with the error of an edge source that can never work', async () => {
    station.edges = { ...station.edges, watch: () => Promise.reject(new Error('onoff is not installed')) };
    await station.start();
    const running = station.running;
    station.running = Promise.resolve();

    await expect(running).rejects.toThrow('onoff is not installed');
  });
});
