// The power is cut while a release is installed, while it is kept, and while the one before comes back.
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Behaviour,
  makeKeys,
  makeRelease,
  onStation,
  packRelease,
  writePrograms,
} from './station-with-updates.ts';

const run = promisify(execFile);
/** Of each step. */
const MOMENTS = 24;

describe('an update through power cuts', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'update-cut-'));
    await chmod(folder, 0o755);
    await writePrograms(folder);
    await makeKeys(folder);
    // As soon as ext4 is shut down nothing reaches the disk any more, its journal included.
    await writeFile(
      join(folder, 'cut.py'),
      'import fcntl, os\nfcntl.ioctl(os.open("/opt", os.O_RDONLY), 0x8004587D, b"\\2\\0\\0\\0")\n',
    );
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** With more files, and the sums of all. */
  const make = async (version: string, behaviour: Behaviour): Promise<void> => {
    const release = join(folder, version);
    await makeRelease(release, version, behaviour);
    const script = `mkdir more && for i in {1..200}; do echo $i | sha512sum >more/$i; done
find . -type f -exec sha256sum {} + >${folder}/sums && mv ${folder}/sums sums`;
    await run('bash', ['-c', script], { cwd: release });
  };

  /** `step` is what the cuts hit, `before` brings the station there; afterwards it boots until it is settled. */
  const cutThrough = async (before: string, step: string): Promise<string[]> => {
    const { stdout, stderr } = await onStation(
      folder,
      `now() { date +%s%3N; }
places="/opt $state $updates /etc/systemd/system"
plug() { # image
  mount -o loop $1 /mnt/disk || exit
  for each in $places; do mount --bind /mnt/disk$each $each || exit; done
}
unplug() {
  for each in $places; do umount $each || exit; done
  umount /mnt/disk || exit
}
mkdir /mnt/disk
truncate -s 256M before.img && mkfs.ext4 -q -J size=4 before.img && mount -o loop before.img /mnt/disk || exit
for each in $places; do mkdir -p /mnt/disk$each; cp -a $each/. /mnt/disk$each/; done
chown weather-gateway: /mnt/disk$state && chmod 700 /mnt/disk$state
umount /mnt/disk
plug before.img
put_in_drop update job-1
{ ${before}; } >/dev/null 2>&1
cp boot_id uptime NRestarts ActiveState ActiveEnterTimestampMonotonic /mnt/
unplug
cp before.img disk.img; plug disk.img
from=$(now)
{ ${step}; } >/dev/null 2>&1
took=$(($(now) - from))
echo "uncut $(weather-gateway --version) $(result job-1 | grep -o '"state":"[A-Z_]*"') $took"
unplug
for moment in $(seq ${MOMENTS}); do
  for each in boot_id uptime NRestarts ActiveState ActiveEnterTimestampMonotonic; do cat /mnt/$each >$each; done
  cp before.img disk.img; plug disk.img
  { ${step}; } >/dev/null 2>&1 &
  at=$((took * (2 * moment - 1) / (2 * ${MOMENTS})))
  sleep "$(printf '%d.%03d' $((at / 1000)) $((at % 1000)))"
  python3 cut.py
  wait
  unplug; plug disk.img
  # What the next boot finds.
  echo "cut $moment $(weather-gateway --version) $(cd $program/current && sha256sum --quiet -c sums 2>&1 | wc -l) $(cmp $program/current/systemd/weather-gateway.service /etc/systemd/system/weather-gateway.service | wc -l)"
  start_again >/dev/null 2>&1
  pass 8000 >/dev/null 2>&1
  echo "then $moment $(weather-gateway --version) $(cd $program/current && sha256sum --quiet -c sums 2>&1 | wc -l) $(cmp $program/current/systemd/weather-gateway.service /etc/systemd/system/weather-gateway.service | wc -l) $(result job-1 | grep -o '"state":"[A-Z_]*"') $(cat ActiveState) $(summary | grep -o ', trial.*')"
  unplug
done`,
    );
    expect(stderr.split('\n').filter((line) => line !== '')).toEqual([]);
    return stdout.trim().split('\n');
  };

  const SETTLED = { '2.0.0': 'SUCCEEDED', '1.0.0': 'FAILED' } as const;

  it.each<[string, Behaviour, keyof typeof SETTLED, string, string]>([
    ['it is copied, verified, unpacked and switched to', 'works', '2.0.0', ':', 'units'],
    ['it is kept', 'works', '2.0.0', 'units; pass 860', 'pass 60'],
    ['the one before comes back', 'never-delivers', '1.0.0', 'units; pass 3600', 'pass 60'],
    ['it does not start and the one before comes back', 'does-not-start', '1.0.0', ':', 'units'],
  ])('while %s', { timeout: 900_000 }, async (_step, behaviour, last, before, step) => {
    await make('1.0.0', 'works');
    await make('2.0.0', behaviour);
    await packRelease(join(folder, 'update'), join(folder, '2.0.0'), { key: join(folder, 'now') });

    const lines = await cutThrough(before, step);
    const cuts = lines.filter((line) => line.startsWith('cut '));
    expect(lines[0]).toMatch(/^uncut/);
    expect(cuts).toHaveLength(MOMENTS);
    // A release that is complete, always; its unit follows at the latest when it is judged.
    for (const line of cuts) expect(line).toMatch(/^cut \d+ [12]\.0\.0 0 [01]$/);
    const then = lines.filter((line) => line.startsWith('then '));
    for (const [index, line] of then.entries())
      expect(line).toBe(`then ${index + 1} ${last} 0 0 "state":"${SETTLED[last]}" active , trial: no, left:`);
  });
});
