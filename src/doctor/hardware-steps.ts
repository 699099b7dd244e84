import type { StationBuses } from '../buses/station-buses.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { I2cError } from '../i2c/i2c-bus.ts';
import { createBme280 } from '../instruments/bme280/bme280.ts';
import { createAds1115 } from '../instruments/wind-vane/ads1115.ts';
import { createWindVane } from '../instruments/wind-vane/wind-vane.ts';
import type { Clock } from '../time/clock.ts';
import { Complaint, type Step } from './step.ts';

export type HardwareParts = {
  readonly sensors: GatewayConfig['sensors'];
  /** Rejects where they cannot be opened at all. */
  readonly openBuses: () => Promise<StationBuses>;
  readonly clock: Clock;
  readonly isDaemonRunning: () => Promise<boolean>;
};

const CHECK_WIRING = 'check its supply, SDA (BCM 2), SCL (BCM 3) and address; i2cdetect -y shows who answers';

const withBuses = async <T>(
  { openBuses }: HardwareParts,
  use: (buses: StationBuses) => Promise<T>,
): Promise<T> => {
  const buses = await openBuses().catch((error: Error) => {
    throw new Complaint(
      error.message,
      'run systemd/install.sh again, or npm ci where the program was unpacked',
    );
  });
  try {
    return await use(buses);
  } finally {
    await buses.close();
  }
};

const CHIP_ID_REGISTER = 0xd0;

/** Whether the device can be opened and read: what the chip itself says to it, if anything, is another step's. */
const busesStep = (parts: HardwareParts): Step => ({
  name: 'buses',
  remedy: 'switch I2C on (sudo raspi-config nonint do_i2c 0) and put the user into the groups i2c and gpio',
  examine: () =>
    withBuses(parts, async (buses) => {
      const { i2cBus, bme280, windVane } = parts.sensors;
      const address = bme280?.address ?? windVane?.address;
      if (address === undefined) return 'no chip on I2C is configured';
      await buses.i2cBus.readWord(address, CHIP_ID_REGISTER).catch((error: unknown) => {
        if (!(error instanceof I2cError && error.isNak)) throw error;
      });
      return `/dev/i2c-${i2cBus} can be opened`;
    }),
});

const bme280Step = (parts: HardwareParts, address: number): Step => ({
  name: 'BME280',
  remedy: CHECK_WIRING,
  examine: () =>
    withBuses(parts, async ({ i2cBus: bus }) => {
      const reading = await createBme280({ bus, address, clock: parts.clock }).read();
      const { temperatureCelsius, humidityPercent, pressureHpa } = reading;
      return (
        `chip id 0x60 at 0x${address.toString(16)}; ${temperatureCelsius.toFixed(1)} °C, ` +
        `${humidityPercent.toFixed(0)} %RH, ${pressureHpa.toFixed(1)} hPa`
      );
    }),
});

const windVaneStep = (
  parts: HardwareParts,
  vane: NonNullable<GatewayConfig['sensors']['windVane']>,
): Step => ({
  name: 'wind vane',
  remedy: CHECK_WIRING,
  examine: () =>
    withBuses(parts, async ({ i2cBus: bus }) => {
      const { address, channel } = vane;
      const adc = createAds1115({ bus, address, clock: parts.clock });
      const volts = (await adc.readVolts(channel)).toFixed(3);
      const degrees = await createWindVane({ ...vane, adc }).read();
      if (degrees === null)
        throw new Complaint(
          `${volts} V at input ${channel} is between two directions`,
          'try again, as the vane may be turning; otherwise its pull-up must be 10 kΩ to 3.3 V',
        );
      return `${volts} V at input ${channel} of 0x${address.toString(16)}; wind from ${degrees}°`;
    }),
});

const armed = (buses: StationBuses, lines: readonly number[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const onFault = (fault: Error | null): void => {
      if (fault !== null) reject(fault);
    };
    buses.edgeSource.watch(lines, () => undefined, onFault).then(resolve, reject);
  });

const linesStep = (parts: HardwareParts, lines: readonly number[]): Step => ({
  name: 'GPIO lines',
  remedy: 'free the lines (gpioinfo shows who holds them), or take others in sensors; user in group gpio?',
  examine: async () => {
    const names = `BCM ${lines.join(' and ')}`;
    if (await parts.isDaemonRunning()) return `${names} are held by the running daemon`;
    return await withBuses(parts, async (buses) => {
      await armed(buses, lines);
      return `${names} can be watched, with stamps of the ${buses.edgeSource.timestamps}`;
    });
  },
});

/** The buses and what is wired to them, as far as the configuration lists it. */
export const hardwareSteps = (parts: HardwareParts): Step[] => {
  const { bme280, windVane, anemometer, rainGauge } = parts.sensors;
  const lines = [anemometer, rainGauge].flatMap((sensor) => (sensor === undefined ? [] : [sensor.gpio]));
  return [
    busesStep(parts),
    ...(bme280 === undefined ? [] : [bme280Step(parts, bme280.address)]),
    ...(windVane === undefined ? [] : [windVaneStep(parts, windVane)]),
    ...(lines.length === 0 ? [] : [linesStep(parts, lines)]),
  ];
};
