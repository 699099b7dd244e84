import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Whether the wall clock is known to be right. */
export type Synchronization = {
  /** Whether anything has set the clock since the machine started. */
  wasSynchronizedInThisBoot(): Promise<boolean>;
  /** Whether the clock is being kept right now; a step by hand ends that until the next NTP answer. */
  isSynchronized(): Promise<boolean>;
};

const run = promisify(execFile);

/** systemd-timesyncd makes this file once it has set the clock in this boot (systemd-time-wait-sync(8)). */
const TIMESYNCD_FLAG = '/run/systemd/timesync/synchronized';

/**
 * timesyncd's flag, and the kernel's own state as timedated tells it, which chrony and ntpd keep too.
 * A machine with none of them is one that does not know the time.
 */
export const systemSynchronization = (
  flagFile = TIMESYNCD_FLAG,
  timedatectl = 'timedatectl',
): Synchronization => {
  const isFlagged = (): Promise<boolean> =>
    access(flagFile).then(
      () => true,
      () => false,
    );
  const isSynchronized = (): Promise<boolean> =>
    run(timedatectl, ['show', '-p', 'NTPSynchronized', '--value'], { timeout: 5_000 }).then(
      ({ stdout }) => stdout.trim() === 'yes',
      () => false,
    );
  return { isSynchronized, wasSynchronizedInThisBoot: async () => (await isFlagged()) || isSynchronized() };
};
