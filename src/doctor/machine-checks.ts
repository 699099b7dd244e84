import { access, constants } from 'node:fs/promises';
import type { StationBuses } from '../buses/station-buses.ts';
import type { DeviceCredentials } from '../certificate/device-credentials.ts';
import { openSecrets } from '../config/load.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { freeBytesOf } from '../health/machine-watch.ts';
import { I2cError } from '../i2c/i2c-bus.ts';
import type { ConfiguredInstrument } from '../instruments/instrument.ts';
import type { Clock } from '../time/clock.ts';
import type { Synchronization } from '../time/synchronization.ts';
import { whyNoSeaLevelPressure } from '../weather/derived.ts';
import { BYTES_PER_MEGABYTE } from '../weather/format.ts';
import { type Check, CheckFailure } from './check.ts';

type HardwareParts = {
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

type MachineParts = {
  readonly config: GatewayConfig;
  readonly configFile: string;
  readonly credentials: Pick<DeviceCredentials, 'preview'>;
  /** Where the store lies. */
  readonly directory: string;
  readonly synchronization: Synchronization;
  readonly wallMs: () => number;
  readonly freeBytesAt?: (directory: string) => Promise<number>;
};

const DAY_MS = 86_400_000;
/** Time enough to order a new certificate. */
const RENEW_DAYS = 30;
const renew = 'sudo weather-gateway enroll --force, and bring the new certificate to where it says';

const certificateCheck = ({ config: { aws }, credentials, wallMs }: MachineParts): Check => ({
  name: 'certificate',
  remedy: `sudo weather-gateway enroll, then the certificate to ${aws.certificate}`,
  run: async () => {
    const { pair, problems } = await credentials.preview();
    if (pair === null) {
      const isMismatch = problems.some((problem) => problem.includes('for another key'));
      const detail = problems.join('; ');
      throw isMismatch ? new CheckFailure(detail, renew) : new Error(detail);
    }
    const { validFromMs, validToMs, certificateFile } = pair;
    const isOther = certificateFile !== aws.certificate;
    if (problems.length > 0)
      throw new CheckFailure(`${problems.join('; ')}; the pair of ${certificateFile} is used instead`, renew);
    if (validFromMs > wallMs())
      throw new CheckFailure(
        `not valid before ${new Date(validFromMs).toISOString()}`,
        'set the clock, or wait',
      );
    const daysLeft = Math.floor((validToMs - wallMs()) / DAY_MS);
    if (daysLeft < RENEW_DAYS) throw new CheckFailure(`${daysLeft} days left`, renew);
    return `belongs to the key, ${daysLeft} days left${isOther ? ` (${certificateFile})` : ''}`;
  },
});

const secretsCheck = ({ config, configFile }: MachineParts): Check => ({
  name: 'secrets',
  remedy: 'chmod o= the file',
  run: async () => {
    const open = await openSecrets(config, configFile);
    if (open.length > 0)
      throw new CheckFailure(`readable by every user: ${open.join(', ')}`, `sudo chmod o= ${open.join(' ')}`);
    return 'key and token are closed to other users';
  },
});

/** Not an error: the station is where it is. */
const elevationChecks = ({ config }: MachineParts): Check[] => {
  const why = whyNoSeaLevelPressure(config.station.elevationMetres);
  return why === null ? [] : [{ name: 'elevation', remedy: '', run: () => Promise.resolve(why) }];
};

const clockCheck = ({ synchronization }: MachineParts): Check => ({
  name: 'clock',
  remedy:
    'timedatectl set-ntp true, and let UDP port 123 out; readings wait a minute for it, then go as estimated',
  run: async () => {
    if (await synchronization.isSynchronized()) return 'synchronized';
    throw new Error('not synchronized');
  },
});

const diskCheck = ({ config, directory, freeBytesAt = freeBytesOf }: MachineParts): Check => ({
  name: 'disk',
  remedy: `systemctl start weather-gateway makes ${directory}; look into it as root or as its user`,
  run: async () => {
    await access(directory, constants.W_OK);
    const freeMegabytes = Math.floor((await freeBytesAt(directory)) / BYTES_PER_MEGABYTE);
    const { maxMegabytes } = config.outbox;
    if (freeMegabytes < maxMegabytes)
      throw new CheckFailure(
        `${freeMegabytes} MB free at ${directory}, outbox.maxMegabytes is ${maxMegabytes}`,
        'free disk space, or lower outbox.maxMegabytes',
      );
    return `${freeMegabytes} MB free at ${directory}, the outbox may take ${maxMegabytes}`;
  },
});

/** Certificate, secrets, clock and disk. */
export const machineChecks = (parts: MachineParts): Check[] => [
  certificateCheck(parts),
  secretsCheck(parts),
  ...elevationChecks(parts),
  clockCheck(parts),
  diskCheck(parts),
];
