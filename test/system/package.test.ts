// The Debian packages, built twice and lived through by a Debian 13: a root of its own in a mount namespace, without systemd
// as process 1 and without a network.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackages, debianPackageFor, version } from '../arm/debian-package.ts';
import { debian13, projectRoot } from '../vm/machine.ts';

const run = promisify(execFile);
/** Debian 13 for 32-bit ARM, of which just enough is unpacked. */
const armhf = `${debian13}-armhf`;
const NEXT_VERSION = '99.0.0';
const BUILD_LIMIT_MS = 1_200_000;
const MAX_PACKAGE_BYTES = 12_000_000;
/** Moments at which an upgrade is killed. */
const MOMENTS = 24;

type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

describe('the Debian package', () => {
  let folder: string;
  let next: string;

  let packages: Readonly<Record<'amd64' | 'arm64', string>>;

  /** The same package as a later version, for upgrades. */
  const makeNextVersion = async (): Promise<string> => {
    const root = join(folder, 'next');
    const releases = join(root, 'usr/lib/weather-gateway');
    await run('dpkg-deb', ['-R', packages.amd64, root]);
    await rename(join(releases, version), join(releases, NEXT_VERSION));
    for (const file of [
      'DEBIAN/control',
      'DEBIAN/postinst',
      'DEBIAN/md5sums',
      `usr/lib/weather-gateway/${NEXT_VERSION}/package.json`,
    ]) {
      const text = await readFile(join(root, file), 'utf8');
      await writeFile(join(root, file), text.replaceAll(version, NEXT_VERSION));
    }
    await run('dpkg-deb', ['-Zgzip', '-z1', '-b', root, join(folder, 'next.deb')]);
    return join(folder, 'next.deb');
  };

  type Root = {
    readonly folder: string;
    /** As `$this` in the script. */
    readonly debianPackage: string;
    /** What `chroot` is run by. */
    readonly enter?: string;
  };

  /** Runs a script as root of a Debian; `$this` and `$next` are packages, what it writes is thrown away. */
  const runIn = async (root: Root, script: string): Promise<Outcome> => {
    const setup = `set -e
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay none -o lowerdir=${root.folder},upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
mount -t tmpfs none /mnt/root/tmp
mount -t proc none /mnt/root/proc
mount --bind /dev /mnt/root/dev
cp ${root.debianPackage} /mnt/root/tmp/this.deb
cp ${next} /mnt/root/tmp/next.deb
cp -r ${join(projectRoot, 'systemd')} /mnt/root/tmp/
. ${join(projectRoot, 'test/vm/debian.sh')}
${root.enter ?? ''} chroot /mnt/root env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
  this=/tmp/this.deb next=/tmp/next.deb bash -c "$1"`;
    const args = ['--mount', 'bash', '-c', setup, 'bash', script];
    try {
      return { code: 0, ...(await run('unshare', args, { maxBuffer: 2 ** 26 })) };
    } catch (error) {
      const { code, stdout, stderr } = error as Outcome;
      return { code, stdout, stderr };
    }
  };
  const onDebian13 = (script: string): Promise<Outcome> =>
    runIn({ folder: debian13, debianPackage: packages.amd64 }, script);

  /** The same with the programs of 32-bit ARM, by QEMU; unpacked, as no program of it needs to be set up. */
  const onDebian13For32BitArm = async (script: string): Promise<Outcome> => {
    const unpack = `. ${join(projectRoot, 'test/vm/debian.sh')}
unpack_debian armhf "$1" base-files,bash,coreutils,dash,diffutils,dpkg,grep,libc-bin,sed,tar`;
    await run('bash', ['-c', unpack, 'bash', armhf]);
    return await runIn(
      {
        folder: armhf,
        debianPackage: packages.arm64,
        enter: 'with_programs_of arm /usr/bin/qemu-arm-static',
      },
      script,
    );
  };

  beforeAll(async () => {
    if (!existsSync(debian13)) await run(join(projectRoot, 'test/vm/debian-13.sh'), [debian13]);
    folder = await mkdtemp(join(tmpdir(), 'debian-package-'));
    packages = { amd64: await debianPackageFor('amd64'), arm64: await debianPackageFor('arm64') };
    next = await makeNextVersion();
  }, BUILD_LIMIT_MS);
  afterAll(() => rm(folder, { recursive: true }));

  it('is the same to the byte when it is built again', { timeout: BUILD_LIMIT_MS }, async () => {
    const again = join(folder, 'again');
    await buildPackages(again, 'arm64');

    const hashOf = async (file: string): Promise<string> =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
    expect(await hashOf(join(again, `weather-gateway_${version}_arm64.deb`))).toBe(
      await hashOf(packages.arm64),
    );
  });

  it.each([
    ['arm64', 'ARM aarch64'],
    ['amd64', 'x86-64'],
  ] as const)(
    'holds binaries for %s alone, among them the addons for the buses',
    async (architecture, machine) => {
      const root = join(folder, architecture);
      await run('dpkg-deb', ['-x', packages[architecture], root]);
      const { stdout } = await run('find', [root, '-name', '*.node', '-exec', 'file', '{}', '+']);
      const binaries = stdout.trim().split('\n');

      expect(binaries.filter((line) => !line.includes(machine))).toEqual([]);
      for (const name of ['epoll', 'i2c', 'aws-crt-nodejs', 'classic-level'])
        expect(
          binaries.filter((line) => line.includes(`/${name}.`)),
          name,
        ).toHaveLength(1);
      expect((await readFile(packages[architecture])).byteLength).toBeLessThan(MAX_PACKAGE_BYTES);
    },
  );

  it.each(['arm64', 'amd64'] as const)('gives lintian nothing to say about %s', async (architecture) => {
    const { stdout } = await run('lintian', ['--fail-on', 'none', packages[architecture]]);

    expect(stdout).toBe('');
  });

  it('starts and enables the watch for a reboot, and never the reboot', async () => {
    const control = join(folder, 'control');
    await run('dpkg-deb', ['-e', packages.amd64, control]);
    const scripts = await Promise.all(
      ['postinst', 'prerm', 'postrm'].map((name) => readFile(join(control, name), 'utf8')),
    );

    expect(scripts.join('')).toContain('weather-gateway-reboot.path');
    expect(scripts.join('')).not.toContain('weather-gateway-reboot.service');
  });

  it('is installed with its user, key and configuration, and enabled', async () => {
    const { stdout, stderr, code } = await onDebian13(`dpkg -i $this || exit
weather-gateway --version
stat -c '%U:%G %a %n' /etc/weather-gateway/*
systemctl is-enabled weather-gateway
weather-gateway check | head -1
node -e 'const { createRequire } = require("module");
  const load = createRequire("/usr/lib/weather-gateway/current/dist/main.js");
  for (const name of ["i2c-bus", "epoll", "aws-crt", "classic-level"]) load(name);
  console.log("loads");'
dpkg -V weather-gateway`);

    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain(`\n${version}\n`);
    expect(stdout).toContain('root:weather-gateway 640 /etc/weather-gateway/gateway.yaml');
    expect(stdout).toContain('root:root 600 /etc/weather-gateway/device.key');
    expect(stdout).toContain('\nenabled\n');
    expect(stdout).toContain('\nloads\n');
  });

  it('says in its first minutes what is missing, and what to do about it', async () => {
    const { stdout, stderr, code } = await onDebian13(`dpkg -i $this >/dev/null 2>&1 || exit
exec 2>&1
weather-gateway check; echo "check ends with $?"
mkdir -p /var/lib/weather-gateway /run/credentials && cp /etc/weather-gateway/device.key /run/credentials/
chown -R weather-gateway: /var/lib/weather-gateway /run/credentials
STATE_DIRECTORY=/var/lib/weather-gateway CREDENTIALS_DIRECTORY=/run/credentials setpriv --reuid weather-gateway --regid weather-gateway \
  --clear-groups weather-gateway run >/tmp/log &
gateway=$!
for second in $(seq 60); do weather-gateway status >/tmp/status && grep -q 'windVane failing' /tmp/status && break; sleep 1; done
cat /tmp/status; weather-gateway doctor; echo "doctor ends with $?"
kill $gateway; wait $gateway`);

    expect({ code, stderr, stdout }).toMatchObject({ code: 0 });
    for (const line of [
      /^\S+: aws\.certificate: found no such file at \/etc\/weather-gateway\/device\.pem; allowed: .*the request that enroll makes$/m,
      /^check ends with 78$/m,
      /^ {2}link {8}(disconnected|connecting) for \d+ s: the certificate \S+ cannot be used: no such file \(0 reconnects\)$/m,
      /^ {2}certificate none yet$/m,
      /^FAIL {2}buses: .*the bus is not there.*\n {6}-> switch I2C on/m,
      /^FAIL {2}BME280: .*\n {6}-> switch I2C on/m,
      /^FAIL {2}GPIO lines: the running daemon: no GPIO chip of a Raspberry Pi's header/m,
      /^FAIL {2}certificate: .*no such file\n {6}-> sudo weather-gateway enroll, then the certificate to \/etc/m,
      /^FAIL {2}TLS: .*\n {6}-> aws\.endpoint is still localhost, as shipped: sudo weather-gateway setup asks/m,
      /^FAIL {2}publish: .*\n {6}-> first what the check of the certificate above says$/m,
      /^ ok {3}disk: /m,
      /^doctor ends with 1$/m,
    ])
      expect(stdout).toMatch(line);
  });

  it('keeps configuration, key and readings through upgrade, downgrade and removal', async () => {
    const { stdout, code } = await onDebian13(`exec 2>&1
dpkg -i $this >/dev/null || exit
echo '# mine' >>/etc/weather-gateway/gateway.yaml
chmod 600 /etc/weather-gateway/gateway.yaml
mkdir -p /var/lib/weather-gateway/store && sha256sum /etc/weather-gateway/device.key >/tmp/key
for package in $next $this $this; do
  dpkg -i $package >/dev/null </dev/null || exit
  echo "runs $(weather-gateway --version) of $(ls /usr/lib/weather-gateway | tr '\\n' ' ')"
done
dpkg -r weather-gateway >/dev/null || exit
ls /usr/lib/weather-gateway /usr/bin/weather-gateway
tail -1 /etc/weather-gateway/gateway.yaml; stat -c %a /etc/weather-gateway/gateway.yaml
sha256sum -c /tmp/key; ls -d /var/lib/weather-gateway/store`);

    expect({ code, stdout }).toMatchObject({ code: 0 });
    for (const each of [NEXT_VERSION, version])
      expect(stdout).toContain(`runs ${each} of ${each} current \n`);
    expect(stdout.trim().split('\n').slice(-6)).toEqual([
      expect.stringContaining('No such file'),
      expect.stringContaining('No such file'),
      '# mine',
      '600',
      '/etc/weather-gateway/device.key: OK',
      '/var/lib/weather-gateway/store',
    ]);
  });

  it('leaves nothing but its user when it is purged', async () => {
    const { stdout, code } = await onDebian13(`list() {
  find / -xdev \\( -path /proc -o -path /dev -o -path /tmp -o -path /var/lib/dpkg -o -path /var/log \\) -prune -o -print | sort
}
list >/tmp/before
dpkg -i $this >/dev/null || exit
mkdir -p /var/lib/weather-gateway/store && touch /var/lib/weather-gateway/store/000005.ldb
dpkg -P weather-gateway >/dev/null || exit
list | diff /tmp/before - | grep -v '^[0-9]'
dpkg -l weather-gateway | tail -1`);

    const left = stdout.trim().split('\n').slice(0, -1);
    expect(code).toBe(0);
    // The files of users and groups have a copy from before the last change.
    expect(left.filter((line) => !/^> \/etc\/(passwd|group|shadow|gshadow)-$/.test(line))).toEqual([]);
    expect(stdout.trim().split('\n').at(-1)).not.toMatch(/^[ir]/);
  });

  it('refuses a 32-bit system, and one that has a release of install.sh, with a sentence that helps', async () => {
    const { stderr } = await onDebian13(`mkdir -p /opt/weather-gateway/current
dpkg -i $this
rm -r /opt/weather-gateway
printf '#!/bin/sh\\necho 32\\n' >/usr/local/bin/getconf && chmod +x /usr/local/bin/getconf
dpkg -i $this
ls /etc/weather-gateway`);

    expect(stderr).toContain(
      'remove it first, which keeps configuration, key and readings: sudo systemd/install.sh --uninstall',
    );
    expect(stderr).toContain('this is a 32-bit system');
    expect(stderr).toContain("cannot access '/etc/weather-gateway'");
  });

  it('refuses 32-bit ARM, as install.sh does, and changes nothing there', async () => {
    const { stdout, code } = await onDebian13For32BitArm(`exec 2>&1
echo "$(dpkg --print-architecture) $(getconf LONG_BIT)"
for arguments in "" "--release /tmp" "--stage /tmp/new"; do
  /tmp/systemd/install.sh $arguments; echo "install.sh ends with $?"
done
dpkg -i $this; echo "dpkg ends with $?"
dpkg --add-architecture arm64
dpkg -i $this; echo "dpkg ends with $?"
ls -d /etc/weather-gateway /usr/lib/weather-gateway /opt/weather-gateway /usr/bin/weather-gateway`);

    const sentence =
      'this is a 32-bit system, for which the AWS IoT SDK has no build; install 64-bit Raspberry Pi OS (runs on Zero 2 W, 3, 4 and 5)';
    const lines = stdout.split('\n').filter((line) => /32|ends|match|No such/.test(line));
    expect({ code, lines, stdout }).toMatchObject({ code: 2 });
    expect(lines, stdout).toEqual([
      'armhf 32',
      ...Array.from({ length: 3 }, () => [`install.sh: ${sentence}`, 'install.sh ends with 1']).flat(),
      // dpkg comes to no script of the package where arm64 is not one of its architectures.
      ' package architecture (arm64) does not match system (armhf)',
      'dpkg ends with 1',
      `weather-gateway: ${sentence}`,
      'dpkg ends with 1',
      ...Array.from({ length: 4 }, () => expect.stringContaining('No such file')),
    ]);
  });

  it(`has a complete release in place wherever an upgrade is killed`, {
    timeout: BUILD_LIMIT_MS,
  }, async () => {
    const { stdout, code } = await onDebian13(`exec 2>&1
dpkg -i $this >/dev/null || exit
now() { date +%s%3N; }
from=$(now)
dpkg -i $next >/dev/null || exit
took=$(($(now) - from))
dpkg -i $this >/dev/null || exit
files=$(find /usr/lib/weather-gateway/current/ | wc -l)
for moment in $(seq ${MOMENTS}); do
  at=$((took * moment / ${MOMENTS}))
  timeout -s KILL "$(printf '%d.%03d' $((at / 1000)) $((at % 1000)))" dpkg -i $next >/dev/null 2>&1
  echo "moment $moment $(weather-gateway --version) $(($(find /usr/lib/weather-gateway/current/ | wc -l) - files))"
  dpkg -i $this >/dev/null || exit
  echo "again $(weather-gateway --version) $(ls /usr/lib/weather-gateway | tr '\\n' ' ')"
done`);

    const lines = stdout.split('\n');
    const moments = lines.filter((line) => line.startsWith('moment '));
    expect({ code, stdout: stdout.slice(-2_000) }).toMatchObject({ code: 0 });
    expect(moments).toHaveLength(MOMENTS);
    for (const line of moments)
      expect(line).toMatch(new RegExp(`^moment \\d+ (${version}|${NEXT_VERSION}) 0$`));
    const again = lines.filter((line) => line.startsWith('again '));
    expect(new Set(again)).toEqual(new Set([`again ${version} ${version} current `]));
    // Both before and after the switch.
    expect(new Set(moments.map((line) => line.split(' ')[2]))).toEqual(new Set([version, NEXT_VERSION]));
  });
});
