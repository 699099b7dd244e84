// install.sh as root on file systems of its own: a mount namespace puts empty ones over those that it changes.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Moments of an upgrade at which the power is cut. */
const MOMENTS = 24;

type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

describe('install.sh', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'install-'));
    // These answer for what only a booted machine and a registry have. What is asked of systemctl is written down.
    const programs = {
      systemctl: `echo "$*" >>${folder}/asked
[ "$1" != restart ] || [ ! -e /opt/weather-gateway/current/broken ]`,
      udevadm: 'exit 0',
      npm: 'mkdir -p node_modules/level && echo "$PWD" && exit 0',
      gpiomon: 'exit 0',
      'g++': 'exit 0',
      make: 'exit 0',
      sync: `echo "sync $*" >>${folder}/asked
exec /usr/bin/sync "$@"`,
    };
    await mkdir(join(folder, 'bin'));
    for (const [name, script] of Object.entries(programs))
      await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A release, as `npm pack` lays it out: `VERSION` is all that its program says. */
  const makeRelease = async (path: string, version: string): Promise<void> => {
    await mkdir(join(path, 'dist'), { recursive: true });
    await writeFile(join(path, 'dist/main.js'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
    await writeFile(join(path, 'package.json'), `{ "name": "weather-gateway", "version": "${version}" }`);
    await run('cp', ['-r', join(projectRoot, 'config'), join(projectRoot, 'systemd'), path]);
  };

  const makePackage = async (file: string, version: string): Promise<void> => {
    await makeRelease(join(folder, 'package'), version);
    await run('tar', ['--force-local', '-czf', file, '-C', folder, 'package']);
    await rm(join(folder, 'package'), { recursive: true });
  };

  /** Runs a script as root where /opt, /etc, /usr/local, /run/lock and /home take nothing over from this machine. */
  const onNewMachine = async (script: string): Promise<Outcome> => {
    const setup = `set -e
mount -t tmpfs none /mnt
for each in etc usr/local; do
  mkdir -p /mnt/$each.upper /mnt/$each.work
  mount -t overlay none -o lowerdir=/$each,upperdir=/mnt/$each.upper,workdir=/mnt/$each.work /$each
done
for each in opt run/lock home; do mkdir -p /$each; mount -t tmpfs none /$each; done
rm -rf /etc/weather-gateway /usr/local/bin/weather-gateway
PATH=${folder}/bin:$PATH
cd ${folder}
install=${projectRoot}/systemd/install.sh
set +e
${script}`;
    try {
      return { code: 0, ...(await run('unshare', ['--mount', 'bash', '-c', setup])) };
    } catch (error) {
      const { code, stdout, stderr } = error as Outcome;
      return { code, stdout, stderr };
    }
  };

  it('installs a copy of a release on a machine that never had one, owned by root', async () => {
    await makeRelease(join(folder, 'release'), '1.0.0');
    await chmod(join(folder, 'release/dist/main.js'), 0o6755);

    const { stdout, stderr, code } = await onNewMachine(`
mkdir /home/pi && cp -r release /home/pi/release && chown -R 1000:1000 /home/pi
chmod 6755 /home/pi/release/dist/main.js
"$install" --release /home/pi/release || exit
rm -r /home/pi/release
weather-gateway --version
stat -L -c '%U %a' /opt/weather-gateway/current/dist/main.js /opt/weather-gateway/current`);

    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain('weather-gateway 1.0.0 runs.');
    expect(stdout.trim().split('\n').slice(-3)).toEqual(['1.0.0', 'root 755', 'root 755']);
  });

  it('switches the hardware watchdog on where there is one, and off again when it is removed', async () => {
    await makeRelease(join(folder, 'made'), '1.0.0');
    const { stdout, code } =
      await onNewMachine(`watchdog=/etc/systemd/system.conf.d/60-weather-gateway-watchdog.conf
mkdir /mnt/dev
for each in null zero urandom; do touch /mnt/dev/$each; mount --bind /dev/$each /mnt/dev/$each; done
ln -s /proc/self/fd /mnt/dev/fd
mount --rbind /mnt/dev /dev
$install --release made >/dev/null || exit
ls $watchdog 2>/dev/null || echo none
touch /dev/watchdog0
$install --release made >/dev/null || exit
grep -v '^#' $watchdog
$install --uninstall >/dev/null || exit
ls $watchdog 2>/dev/null || echo none`);

    expect({ code, stdout }).toEqual({ code: 0, stdout: 'none\n[Manager]\nRuntimeWatchdogSec=15s\nnone\n' });
  });

  it('writes a release to the disk before it switches to it, and the switch before it restarts', async () => {
    await makeRelease(join(folder, 'release'), '1.0.0');
    await onNewMachine('"$install" --release release');

    const asked = (await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n');
    const restart = asked.findIndex((line) => line.startsWith('restart'));
    const all = asked.flatMap((line, at) => (line.startsWith('sync -f') ? [at] : []));
    const syncs = all.filter((at) => at < restart);
    expect(syncs).toHaveLength(2);
    expect(asked[syncs[0] ?? -1]).toMatch(/^sync -f \/opt\/weather-gateway\/\d{8}T\d{6}Z-/);
    expect(asked[syncs[1] ?? -1]).toBe('sync -f /opt/weather-gateway');
    // What comes back when a later update fails, once it has started.
    expect(all).toHaveLength(3);
  });

  it('has systemd read its units anew twice, before the start and once the updater is there, not with each that it enables', async () => {
    await makeRelease(join(folder, 'release'), '1.0.0');
    await writeFile(join(folder, 'release/systemd/update.sh'), '');
    for (const name of [
      'reboot.path',
      'reboot.service',
      'claim.service',
      'update.service',
      'update.path',
      'update.timer',
    ])
      await writeFile(join(folder, `release/systemd/weather-gateway-${name}`), `# ${name}\n`);
    await onNewMachine('"$install" --release release && "$install" --uninstall');

    const asked = (await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n');
    // enable and disable end with one of their own.
    const isReading = (line: string): boolean =>
      line === 'daemon-reload' || (/^(?:enable|disable) /.test(line) && !line.includes('--no-reload'));
    expect(asked.filter((line) => isReading(line) || /^restart/.test(line))).toEqual([
      'daemon-reload',
      'restart weather-gateway',
      'daemon-reload',
      // Removed
      'daemon-reload',
    ]);
    expect(asked.filter((line) => line.startsWith('enable'))).toHaveLength(4);
  });

  it('makes a release that the service can read whatever the umask, out of a package with any name', async () => {
    await makePackage(join(folder, 'gateway:1.0 [1].tgz'), '1.0.0');

    const { stdout, stderr, code } = await onNewMachine(`
umask 077
export CDPATH=/:/usr
"$install" 'gateway:1.0 [1].tgz' || exit
find /opt/weather-gateway -perm /7000 -o ! -perm -004 -o -type d ! -perm -005`);

    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout.trim().split('\n').at(-1)).not.toMatch(/^\/opt/);
  });

  it('keeps what runs and what ran before, whatever the folders are called, and follows no link', async () => {
    for (const version of ['1.0.0', '2.0.0', '3.0.0']) await makeRelease(join(folder, version), version);

    const { stdout, code } = await onNewMachine(`
"$install" --release 1.0.0 >/dev/null || exit
mv /opt/weather-gateway/20* '/opt/weather-gateway/old [1]'
ln -sfn '/opt/weather-gateway/old [1]' /opt/weather-gateway/current
mkdir /opt/kept && touch /opt/kept/file && ln -s /opt/kept /opt/weather-gateway/link
"$install" --release 2.0.0 >/dev/null || exit
ls /opt/kept /opt/weather-gateway | grep -c -e file -e 'old \\[1\\]'
"$install" --release 3.0.0 >/dev/null || exit
cat /opt/weather-gateway/*/package.json | grep -o '"version": "[^"]*"' | sort -u`);

    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toEqual(['2', '"version": "2.0.0"', '"version": "3.0.0"']);
  });

  it('brings the release before back when the new one does not start, and leaves nothing of the new one', async () => {
    await makeRelease(join(folder, 'good'), '1.0.0');
    await makeRelease(join(folder, 'bad'), '2.0.0');
    await writeFile(join(folder, 'bad/broken'), '');

    const { stdout, stderr } = await onNewMachine(`
"$install" --release good >/dev/null || exit
"$install" --release bad
echo "status $?"
weather-gateway --version
ls -d /opt/weather-gateway/20* | wc -l`);

    expect(stdout.trim().split('\n').slice(-3)).toEqual(['status 1', '1.0.0', '1']);
    expect(stderr).toContain('the new release did not start, the previous one is back');
  });

  it('stages into an empty folder or over a release, and deletes nothing else', async () => {
    await makePackage(join(folder, 'p.tgz'), '1.0.0');

    const { stdout, stderr } = await onNewMachine(`
mkdir full && echo precious >full/file
"$install" --stage full p.tgz; echo "status $?"
cat full/file
mkdir empty
"$install" --stage empty p.tgz >/dev/null; echo "status $?"
"$install" --stage empty p.tgz >/dev/null; echo "status $?"
"$install" --stage new p.tgz >/dev/null; echo "status $?"
"$install" --stage new nowhere.tgz; echo "status $?"`);

    expect(stdout.trim().split('\n')).toEqual([
      'status 1',
      'precious',
      'status 0',
      'status 0',
      'status 0',
      'status 1',
    ]);
    expect(stderr).toContain('install.sh: full holds something else than a release');
    expect(stderr).toContain('install.sh: there is no package nowhere.tgz');
  });

  it('is not installed over the Debian package', async () => {
    await makeRelease(join(folder, 'release'), '1.0.0');
    await writeFile(join(folder, 'bin/dpkg-query'), '#!/bin/sh\nprintf installed\n', { mode: 0o755 });

    const { code, stderr } = await onNewMachine('"$install" --release release');
    expect(code).toBe(1);
    expect(stderr).toContain('the Debian package is installed here');
  });

  it('leaves the old release or the new one, complete, wherever the power is cut during an upgrade', {
    timeout: 400_000,
  }, async () => {
    for (const version of ['1.0.0', '2.0.0']) {
      const release = join(folder, version);
      await makeRelease(release, version);
      await run(
        'bash',
        [
          '-c',
          'mkdir more && for i in {1..400}; do echo $i | sha512sum >more/$i; done; find . -type f -exec sha256sum {} + >/tmp/sums.$$; mv /tmp/sums.$$ sums',
        ],
        { cwd: release },
      );
    }
    // As soon as ext4 is shut down nothing reaches the disk any more, its journal included.
    await writeFile(
      join(folder, 'cut.py'),
      'import fcntl, os\nfcntl.ioctl(os.open("/opt", os.O_RDONLY), 0x8004587D, b"\\2\\0\\0\\0")\n',
    );

    const { stdout, code } = await onNewMachine(`
now() { date +%s%3N; }
truncate -s 64M before.img && mkfs.ext4 -q before.img
mount -o loop before.img /opt && "$install" --release 1.0.0 >/dev/null && umount /opt || exit
cp before.img disk.img
mount -o loop disk.img /opt
from=$(now)
"$install" --release 2.0.0 >/dev/null || exit
took=$(($(now) - from))
umount /opt
for moment in $(seq ${MOMENTS}); do
  cp before.img disk.img && mount -o loop disk.img /opt || exit
  "$install" --release 2.0.0 >/dev/null 2>&1 &
  at=$((took * moment / ${MOMENTS}))
  sleep "$(printf '%d.%03d' $((at / 1000)) $((at % 1000)))"
  python3 cut.py
  wait
  umount /opt && mount -o loop disk.img /opt || exit
  echo "moment $moment $(weather-gateway --version) $(cd /opt/weather-gateway/current && sha256sum --quiet -c sums 2>&1 | wc -l)"
  "$install" --release 2.0.0 >/dev/null 2>&1 || exit
  echo "again $(weather-gateway --version) $(ls /opt/weather-gateway | grep -c -v -e current -e committed)"
  umount /opt
done`);

    const lines = stdout.trim().split('\n');
    const moments = lines.filter((line) => line.startsWith('moment '));
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(moments).toHaveLength(MOMENTS);
    for (const line of moments) expect(line).toMatch(/^moment \d+ [12]\.0\.0 0$/);
    expect(new Set(moments.map((line) => line.split(' ')[2]))).toEqual(new Set(['1.0.0', '2.0.0']));
    // What was left half-made is gone after the next upgrade: two releases at most.
    for (const line of lines.filter((each) => each.startsWith('again ')))
      expect(line).toMatch(/^again 2\.0\.0 [12]$/);
  });

  it('lets only one installer work at a time', async () => {
    await makeRelease(join(folder, 'release'), '1.0.0');

    const { stdout, stderr } = await onNewMachine(`
exec 8>/run/lock/weather-gateway-install && flock 8
"$install" --release release; echo "status $?"
flock -u 8
"$install" --release release >/dev/null; echo "status $?"`);

    expect(stdout.trim().split('\n')).toEqual(['status 1', 'status 0']);
    expect(stderr).toContain('another install.sh is at work');
  });
});
