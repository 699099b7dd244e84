import type { Surroundings } from './surroundings.ts';

/** What the kernel of a small computer in a box shows: its supply is good, and it is warmer than the air. */
export const simulatedMachineFiles = ({
  weatherAt,
  elapsedSeconds,
}: Pick<Surroundings, 'weatherAt' | 'elapsedSeconds'>) => {
  const milliCelsius = (): number => Math.round((weatherAt(elapsedSeconds()).temperatureC + 24) * 1_000);
  return {
    sysfs: new Map([
      ['class/hwmon/rpi_volt-simulated/name', () => 'rpi_volt\n'],
      ['class/hwmon/rpi_volt-simulated/in0_lcrit_alarm', () => '0\n'],
      ['class/thermal/thermal_zone0/temp', () => `${milliCelsius()}\n`],
    ]),
    procfs: new Map([
      ['loadavg', () => '0.08 0.05 0.01 1/128 4242\n'],
      ['meminfo', () => 'MemTotal:         440296 kB\nMemAvailable:     262144 kB\n'],
      [
        'net/wireless',
        () => ' wlan0: 0000   55.  -61.  -256        0      0      0      0      0        0\n',
      ],
    ]),
  };
};
