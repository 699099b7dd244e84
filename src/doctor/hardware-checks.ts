import type { StationBuses } from '../buses/station-buses.ts';
import { I2cError } from '../i2c/i2c-bus.ts';
import type { ConfiguredInstrument } from '../instruments/instrument.ts';
import type { Clock } from '../time/clock.ts';
import { type Check, CheckFailure } from './check.ts';

export type HardwareParts = {
  readonly instruments: readonly ConfiguredInstrument[];
  /** N of /dev/i2c-N. */
  readonly i2cBus: number;
  /** Rejects where they cannot be opened at all. */
  readonly openBuses: () => Promise<StationBuses>;
  readonly clock: Clock;
  /** What the running daemon says of instruments that fail, by their names; `null` where none runs. */
  readonly daemonFaults: () => Promise<ReadonlyMap<string, string> | null>;
};

const SWITCH_ON =
  'switch I2C on (sudo raspi-config nonint do_i2c 0) and put the user into the groups i2c and gpio';
const CHECK_WIRING = 'check its supply, SDA (BCM 2), SCL (BCM 3) and address; i2cdetect -y shows who answers';

const withBuses = async <T>(
  { openBuses }: HardwareParts,
  use: (buses: StationBuses) => Promise<T>,
): Promise<T> => {
  const buses = await openBuses().catch((error: Error) => {
    throw new CheckFailure(
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

/** The numbers that an instrument's part of the configuration holds under these keys. */
const numbersAt = ({ config }: ConfiguredInstrument, keys: readonly string[] = []): number[] =>
  keys.map((key) => config[key]).filter((value) => typeof value === 'number');

const CHIP_ID_REGISTER = 0xd0;

/** Whether the device can be opened and read; each chip has a check of its own. */
const busesCheck = (parts: HardwareParts): Check => ({
  name: 'buses',
  remedy: SWITCH_ON,
  run: () =>
    withBuses(parts, async (buses) => {
      const [address] = parts.instruments.flatMap((each) =>
        numbersAt(each, each.instrument.wiring.i2cAddresses),
      );
      if (address === undefined) return 'no chip on I2C is configured';
      await buses.i2cBus.readWord(address, CHIP_ID_REGISTER).catch((error: unknown) => {
        if (!(error instanceof I2cError && error.isNak)) throw error;
      });
      return `/dev/i2c-${parts.i2cBus} can be opened`;
    }),
});

/** Without the bus itself nobody need look at the wires of a chip. */
const sendToTheBus = (error: unknown): never => {
  if (error instanceof Error && error.cause instanceof I2cError && error.cause.isBusMissing)
    throw new CheckFailure(error.message, SWITCH_ON);
  throw error;
};

const instrumentChecks = (parts: HardwareParts): Check[] =>
  parts.instruments.flatMap(({ instrument: { check }, config }): Check[] => {
    if (check === undefined) return [];
    const run = () =>
      withBuses(parts, ({ i2cBus, sysfs }) => check.run(config, { i2cBus, sysfs, clock: parts.clock })).catch(
        sendToTheBus,
      );
    return [{ name: check.name, remedy: check.remedy ?? CHECK_WIRING, run }];
  });

const armed = (buses: StationBuses, lines: readonly number[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const onFault = (fault: Error | null): void => {
      if (fault !== null) reject(fault);
    };
    buses.edgeSource.watch(lines, () => undefined, onFault).then(resolve, reject);
  });

/** Of the instruments that count closures. */
const linesCheck = (parts: HardwareParts, names: readonly string[], lines: readonly number[]): Check => ({
  name: 'GPIO lines',
  remedy: 'free the lines (gpioinfo shows who holds them), or take others in sensors; user in group gpio?',
  run: async () => {
    const text = `BCM ${lines.join(' and ')}`;
    const faults = await parts.daemonFaults();
    if (faults !== null) {
      const found = new Set(names.flatMap((name) => faults.get(name) ?? []));
      if (found.size > 0) throw new Error(`the running daemon: ${[...found].join('; ')}`);
      return `${text} are held by the running daemon`;
    }
    return await withBuses(parts, async (buses) => {
      await armed(buses, lines);
      return `${text} can be watched, with stamps of the ${buses.edgeSource.timestamps}`;
    });
  },
});

/** The buses and what is wired to them, as far as the configuration lists it. */
export const hardwareChecks = (parts: HardwareParts): Check[] => {
  const counting = parts.instruments.filter(
    (each) => numbersAt(each, each.instrument.wiring.gpios).length > 0,
  );
  const names = counting.map(({ instrument }) => instrument.key);
  const lines = counting.flatMap((each) => numbersAt(each, each.instrument.wiring.gpios));
  return [
    busesCheck(parts),
    ...instrumentChecks(parts),
    ...(lines.length === 0 ? [] : [linesCheck(parts, names, lines)]),
  ];
};
