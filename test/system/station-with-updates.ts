// A station for update.sh: root on file systems of its own, with a systemctl, an uptime and a boot that tests set.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

export type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** How the service behaves once the release is switched to. */
export type Behaviour = 'works' | 'does-not-start' | 'never-delivers' | 'fails-later';

/** A release as `npm run release` lays it out: `VERSION` is all that its program says. */
export const makeRelease = async (path: string, version: string, behaviour: Behaviour = 'works') => {
  await mkdir(join(path, 'dist'), { recursive: true });
  await writeFile(join(path, 'dist/main.js'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
  await writeFile(join(path, 'package.json'), `{ "name": "weather-gateway", "version": "${version}" }`);
  await writeFile(join(path, behaviour), '');
  await run('cp', ['-r', join(projectRoot, 'config'), join(projectRoot, 'systemd'), path]);
};

export type Signing = { readonly key: string; readonly namespace?: string };

/** Archive, manifest and signature of a release, at `base` with their endings. */
export const packRelease = async (
  base: string,
  release: string,
  signing: Signing,
  manifest: Readonly<Record<string, unknown>> = {},
  tarArguments: readonly string[] = [],
): Promise<void> => {
  const archive = `${base}.tar.gz`;
  await run('tar', ['-czPf', archive, ...tarArguments, '-C', release, '.']);
  const bytes = await readFile(archive);
  const { version }: { version: string } = JSON.parse(await readFile(join(release, 'package.json'), 'utf8'));
  const { stdout: glibc } = await run('getconf', ['GNU_LIBC_VERSION']);
  const text = JSON.stringify({
    version,
    minimumVersion: '0.2.0',
    downgrade: false,
    architecture: `linux-${process.arch}`,
    glibc: glibc.trim().replace('glibc ', ''),
    nodeAbi: Number(process.versions.modules),
    size: bytes.byteLength,
    unpackedSize: 10_000_000,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    ...manifest,
  });
  await writeFile(`${base}.json`, text);
  await rm(`${base}.json.sig`, { force: true });
  const namespace = signing.namespace ?? 'weather-gateway-release';
  await run('ssh-keygen', ['-q', '-Y', 'sign', '-f', signing.key, '-n', namespace, `${base}.json`]);
};

/** Two keys that may sign, and one that may not: `now`, `next`, `other`. */
export const makeKeys = async (folder: string): Promise<void> => {
  const lines: string[] = [];
  for (const name of ['now', 'next', 'other']) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name)]);
    const key = await readFile(join(folder, `${name}.pub`), 'utf8');
    if (name !== 'other') lines.push(`releases namespaces="weather-gateway-release" ${key}`);
  }
  await writeFile(join(folder, 'allowed_signers'), lines.join(''));
};

/** What stands in for a booted machine. The service behaves as the release that `current` names. */
export const writePrograms = async (folder: string): Promise<void> => {
  const systemctl = `exec 9>&-
echo "$*" >>${folder}/asked
[ ! -e ${folder}/slow ] || sleep 0.02
current=/opt/weather-gateway/current
case "$*" in
  'restart weather-gateway')
    install -d -m 700 -o weather-gateway -g weather-gateway /var/lib/weather-gateway
    echo 0 >${folder}/NRestarts
    cut -d. -f1 /proc/uptime | sed 's/$/000000/' >${folder}/ActiveEnterTimestampMonotonic
    echo failed >${folder}/ActiveState
    [ ! -e $current/does-not-start ] || exit 1
    echo active >${folder}/ActiveState
    [ ! -e $current/never-delivers ] || exit 0
    setpriv --reuid=weather-gateway --regid=weather-gateway --clear-groups sh -c \\
      'printf "{\\"release\\":\\"%s\\",\\"bootId\\":\\"%s\\"}" "$1" "$2" >/var/lib/weather-gateway/working.json' \\
      sh "$(readlink -e $current)" "$(cat /proc/sys/kernel/random/boot_id)" ;;
  'show -p '*) cat ${folder}/$3 ;;
esac`;
  const programs = { systemctl, udevadm: 'exit 0', gpiomon: 'exit 0' };
  await mkdir(join(folder, 'bin'));
  for (const [name, script] of Object.entries(programs))
    await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
};

/** Runs bash as root on a station on which release 1.0.0 was installed and `allowed_signers` put in place. */
export const onStation = async (folder: string, script: string): Promise<Outcome> => {
  const setup = `set -e
mount -t tmpfs none /mnt
for each in etc usr/local var/lib; do
  mkdir -p /mnt/$each.upper /mnt/$each.work
  mount -t overlay none -o lowerdir=/$each,upperdir=/mnt/$each.upper,workdir=/mnt/$each.work /$each
done
for each in opt run/lock home; do mkdir -p /$each; mount -t tmpfs none /$each; done
rm -rf /etc/weather-gateway /usr/local/bin/weather-gateway /var/lib/weather-gateway*
echo boot-1 >${folder}/boot_id
echo 5000.00 >${folder}/uptime
mount --bind ${folder}/boot_id /proc/sys/kernel/random/boot_id
mount --bind ${folder}/uptime /proc/uptime
PATH=${folder}/bin:$PATH
cd ${folder}
state=/var/lib/weather-gateway
updates=/var/lib/weather-gateway-update
program=/opt/weather-gateway
as_daemon() { setpriv --reuid=weather-gateway --regid=weather-gateway --clear-groups -- "$@"; }
put_in_drop() { # release, id
  as_daemon mkdir -p $state/update
  as_daemon cp $1.json $state/update/manifest.json
  as_daemon cp $1.json.sig $state/update/manifest.json.sig
  as_daemon cp $1.tar.gz $state/update/release.tar.gz
  as_daemon sh -c "printf %s $2 >$state/update/request"
}
unit() { $program/committed/systemd/update.sh; }
# As path unit and timer do.
units() {
  ! as_daemon test -e $state/update/request || unit
  [ ! -e $updates/trial ] || unit
}
pass() { # seconds, in steps of at most a minute
  local left=$1
  while [ $left -gt 0 ] && [ -e $updates/trial ]; do
    awk '{ print $1 + 60 }' uptime >uptime.new && cat uptime.new >uptime
    left=$((left - 60))
    units
  done
}
boots=1
start_again() {
  boots=$((boots + 1))
  echo boot-$boots >boot_id
  echo 20.00 >uptime
  systemctl restart weather-gateway
  units
}
result() { cat $updates/results/$1.json; }
# Version, folders of releases, whether a trial is on, what is left in the drop.
summary() {
  echo "runs $(weather-gateway --version), $(ls -d $program/20* | wc -l) releases, trial: $([ -e $updates/trial ] && echo yes || echo no), left:$(find $state/update/ $updates/incoming -type f -printf ' %f' 2>/dev/null)"
}
${projectRoot}/systemd/install.sh --release 1.0.0 >/dev/null 2>&1
cp allowed_signers /etc/weather-gateway/
sed -i 's/intervalSeconds: .*/intervalSeconds: 10/' /etc/weather-gateway/gateway.yaml
set +e
${script}`;
  try {
    return { code: 0, ...(await run('unshare', ['--mount', 'bash', '-c', setup], { maxBuffer: 2 ** 24 })) };
  } catch (error) {
    const { code, stdout, stderr } = error as Outcome;
    return { code, stdout, stderr };
  }
};
