import { afterEach, describe, expect, it } from 'vitest';
import { createSimulatedSysfs } from '../../src/buses/station-buses.ts';
import { MachineWatch } from '../../src/health/machine-watch.ts';
import { createManualClock } from '../fakes/clock.ts';
import { openFastStation } from '../fakes/simulated-station.ts';

type Files = Record<string, string | Error>;

const FIRMWARE = 'devices/platform/soc/soc:firmware/get_throttled';
const ALARM = 'class/hwmon/hwmon2/in0_lcrit_alarm';
/** As the kernel of a Raspberry Pi 4 shows itself. */
const pi: Files = {
  'class/hwmon/hwmon0/name': 'cpu_thermal\n',
  'class/hwmon/hwmon2/name': 'rpi_volt\n',
  [ALARM]: '0\n',
  [FIRMWARE]: '0\n',
  'class/thermal/thermal_zone0/temp': '51121\n',
};
const proc: Files = {
  loadavg: '0.52 0.58 0.59 1/467 12345\n',
  meminfo: 'MemTotal:        3884000 kB\nMemFree:          100000 kB\nMemAvailable:    2000000 kB\n',
  'net/wireless':
    'Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n' +
    ' face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n' +
    ' wlan0: 0000   47.  -63.  -256        0      0      0      0     74        0\n',
};

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

const watch = async (sysfs: Files, procfs: Files, freeBytes: number | null = 5_000_000_000) => {
  const clock = createManualClock();
  const shown = (files: Files) =>
    createSimulatedSysfs(new Map(Object.keys(files).map((name) => [name, () => files[name] ?? ''])));
  const machine = new MachineWatch({
    sysfs: shown(sysfs),
    procfs: shown(procfs),
    directory: '/var/lib/weather-gateway',
    clock,
    datetime: () => new Date(clock.wallMs()).toISOString().slice(11, 19),
    freeBytesAt: () =>
      freeBytes === null ? Promise.reject(new Error('no such directory')) : Promise.resolve(freeBytes),
  });
  const stop = new AbortController();
  stops.push(stop);
  void machine.run(stop.signal);
  await clock.untilSleeping();
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      await clock.advance(1_000);
      await clock.untilOnlySleeping();
    }
  };
  return { machine, pass };
};

describe('the watch over the machine', () => {
  it('reads what a Raspberry Pi shows', async () => {
    const { machine } = await watch({ ...pi }, proc);

    expect(machine.status()).toEqual({
      isUnderVoltage: false,
      underVoltages: 0,
      isThrottled: false,
      temperatureCelsius: 51.121,
      freeMemoryBytes: 2_048_000_000,
      load: 0.58,
      freeDiskBytes: 5_000_000_000,
      wifiSignalDbm: -63,
    });
  });

  it('has no key for what the machine does not tell, or tells as nonsense', async () => {
    expect((await watch({}, {}, null)).machine.status()).toEqual({});
    const nonsense = { [FIRMWARE]: 'x', 'class/thermal/thermal_zone0/temp': '\n', [ALARM]: '' };
    const odd = { loadavg: 'a b c', meminfo: 'MemAvailable: much', 'net/wireless': 'eth0: 0 0. 0.' };
    expect((await watch({ ...pi, ...nonsense }, odd, null)).machine.status()).toEqual({});
    const broken = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    const all = Object.fromEntries(Object.keys(pi).map((file) => [file, broken]));
    expect((await watch(all, { loadavg: broken }, null)).machine.status()).toEqual({});
  });

  it('sees a drop of the supply that lasts as long as the alarm of the driver, and counts it once', async () => {
    const files = { ...pi };
    const { machine, pass } = await watch(files, proc);
    await pass(30);
    files[ALARM] = '1\n';
    await pass(4);
    expect(machine.status()).toMatchObject({ isUnderVoltage: true, underVoltages: 1 });
    files[ALARM] = '0\n';
    await pass(2);
    expect(machine.status()).toMatchObject({
      isUnderVoltage: false,
      underVoltages: 1,
      lastUnderVoltage: '00:00:34',
    });
    files[ALARM] = '1\n';
    await pass(2);
    expect(machine.status()).toMatchObject({ underVoltages: 2 });
  });

  it('reads the bits of the firmware where the kernel has no driver for the supply', async () => {
    const files: Files = { [FIRMWARE]: '50005\n' };
    const { machine, pass } = await watch(files, {});
    expect(machine.status()).toMatchObject({ isUnderVoltage: true, underVoltages: 1, isThrottled: true });
    files[FIRMWARE] = '0\n';
    await pass(61);
    expect(machine.status()).toMatchObject({ isUnderVoltage: false, isThrottled: false });
    files[FIRMWARE] = '80000\n';
    await pass(61);
    expect(machine.status()).toMatchObject({ isUnderVoltage: false, isThrottled: true });
  });

  it('finds all of it in a simulation, too', async () => {
    const { buses, manualClock } = await openFastStation();
    const machine = new MachineWatch({
      sysfs: buses.sysfs,
      procfs: buses.procfs,
      directory: '/',
      clock: manualClock,
      datetime: () => '',
    });
    const stop = new AbortController();
    stops.push(stop);
    void machine.run(stop.signal);
    await manualClock.untilSleeping();
    expect(machine.status()).toMatchObject({
      isUnderVoltage: false,
      load: 0.05,
      wifiSignalDbm: -61,
      freeMemoryBytes: 268_435_456,
      temperatureCelsius: expect.any(Number),
      freeDiskBytes: expect.any(Number),
    });
  });
});
