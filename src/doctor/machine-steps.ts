import { createPrivateKey, X509Certificate } from 'node:crypto';
import { access, constants, readFile, statfs } from 'node:fs/promises';
import type { GatewayConfig } from '../config/schema.ts';
import type { Synchronization } from '../time/synchronization.ts';
import { Complaint, type Step } from './step.ts';

export type MachineParts = {
  readonly config: GatewayConfig;
  /** Where the store lies. */
  readonly directory: string;
  readonly synchronization: Synchronization;
  readonly wallMs: () => number;
  readonly freeBytesAt?: (directory: string) => Promise<number>;
};

const DAY_MS = 86_400_000;
/** Time enough to order a new certificate and bring it to a mast. */
const RENEW_DAYS = 30;
const BYTES_PER_MEGABYTE = 1_000_000;

const renew = 'sudo weather-gateway enroll --force, then a new certificate from AWS IoT Core';

const certificateStep = ({ config: { aws }, wallMs }: MachineParts): Step => ({
  name: 'certificate',
  remedy: `sudo weather-gateway enroll, then the certificate to ${aws.certificate}`,
  examine: async () => {
    const certificate = new X509Certificate(await readFile(aws.certificate));
    if (!certificate.checkPrivateKey(createPrivateKey(await readFile(aws.privateKey))))
      throw new Complaint(`${aws.certificate} was issued for another key than ${aws.privateKey}`, renew);
    const daysLeft = Math.floor((Date.parse(certificate.validTo) - wallMs()) / DAY_MS);
    if (Date.parse(certificate.validFrom) > wallMs())
      throw new Complaint(`not valid before ${certificate.validFrom}`, 'set the clock, or wait');
    if (daysLeft < RENEW_DAYS) throw new Complaint(`${daysLeft} days left`, renew);
    return `belongs to the key, ${daysLeft} days left`;
  },
});

const clockStep = ({ synchronization }: MachineParts): Step => ({
  name: 'clock',
  remedy:
    'timedatectl set-ntp true, and let UDP port 123 out; readings wait for nothing and are stamped later',
  examine: async () => {
    if (await synchronization.isSynchronized()) return 'synchronized';
    throw new Error('not synchronized');
  },
});

const freeBytesOf = async (directory: string): Promise<number> => {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
};

const diskStep = ({ config, directory, freeBytesAt = freeBytesOf }: MachineParts): Step => ({
  name: 'disk',
  remedy: `systemctl start weather-gateway makes ${directory}; look into it as root or as its user`,
  examine: async () => {
    await access(directory, constants.W_OK);
    const freeMegabytes = Math.floor((await freeBytesAt(directory)) / BYTES_PER_MEGABYTE);
    const { maxMegabytes } = config.outbox;
    if (freeMegabytes < maxMegabytes)
      throw new Complaint(
        `${freeMegabytes} MB free at ${directory}, outbox.maxMegabytes is ${maxMegabytes}`,
        'free disk space, or lower outbox.maxMegabytes',
      );
    return `${freeMegabytes} MB free at ${directory}, the outbox may take ${maxMegabytes}`;
  },
});

/** Certificate, clock and disk. */
export const machineSteps = (parts: MachineParts): Step[] => [
  certificateStep(parts),
  clockStep(parts),
  diskStep(parts),
];
