import { access, constants, statfs } from 'node:fs/promises';
import type { DeviceCredentials } from '../certificate/device-credentials.ts';
import { openSecrets } from '../config/credential-files.ts';
import type { GatewayConfig } from '../config/schema.ts';
import type { Synchronization } from '../time/synchronization.ts';
import { whyNoSeaLevelPressure } from '../weather/derived.ts';
import { BYTES_PER_MEGABYTE } from '../weather/format.ts';
import { type Check, CheckFailure } from './check.ts';

export type MachineParts = {
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
    'timedatectl set-ntp true, and let UDP port 123 out; readings wait for nothing and are stamped later',
  run: async () => {
    if (await synchronization.isSynchronized()) return 'synchronized';
    throw new Error('not synchronized');
  },
});

const freeBytesOf = async (directory: string): Promise<number> => {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
};

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
