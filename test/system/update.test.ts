// update.sh as root in a mount namespace: what it takes, what it keeps, and what comes back.
import { execFile } from 'node:child_process';
import { appendFile, chmod, link, mkdtemp, rm, symlink, truncate } from 'node:fs/promises';
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
const SETTLED_SECONDS = 960;
const DEADLINE_SECONDS = 3_700;

describe('update.sh', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'update-'));
    // The daemon's user reads what the tests put into the drop.
    await chmod(folder, 0o755);
    await writePrograms(folder);
    await makeKeys(folder);
    await makeRelease(join(folder, '1.0.0'), '1.0.0');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const make = async (version: string, behaviour?: Behaviour): Promise<string> => {
    const release = join(folder, version);
    await makeRelease(release, version, behaviour);
    return release;
  };
  /** Packed and signed by the first key, as `update.*`. */
  const pack = (release: string, manifest?: Record<string, unknown>, tarArguments?: readonly string[]) =>
    packRelease(join(folder, 'update'), release, { key: join(folder, 'now') }, manifest, tarArguments);
  const lastLines = (text: string, count: number): string[] => text.trim().split('\n').slice(-count);
  const asked = async (): Promise<string[]> =>
    (await run('cat', [join(folder, 'asked')])).stdout.trim().split('\n');

  it('keeps a release that delivers and then runs for a while, and removes all it needed', async () => {
    await pack(await make('2.0.0'));

    const { stdout, stderr } = await onStation(
      folder,
      `put_in_drop update job-1
units >/dev/null; result job-1; summary
pass 600 >/dev/null; result job-1; summary
pass 360 >/dev/null; result job-1; summary
readlink $program/committed | xargs basename | xargs -I{} test -d $program/{} && echo committed
stat -c '%U %a' $updates/results/job-1.json`,
    );

    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual([
      '{"id":"job-1","version":"2.0.0","state":"IN_PROGRESS","step":"trial","reason":null}',
      'runs 2.0.0, 2 releases, trial: yes, left:',
      '{"id":"job-1","version":"2.0.0","state":"IN_PROGRESS","step":"trial","reason":null}',
      'runs 2.0.0, 2 releases, trial: yes, left:',
      '{"id":"job-1","version":"2.0.0","state":"SUCCEEDED","step":"committed","reason":null}',
      'runs 2.0.0, 2 releases, trial: no, left:',
      'committed',
      'root 644',
    ]);
    const calls = await asked();
    expect(calls.indexOf('restart weather-gateway-update.timer')).toBeLessThan(
      calls.lastIndexOf('restart weather-gateway'),
    );
    expect(calls.at(-1)).toBe('stop weather-gateway-update.timer');
  });

  it('takes the next key as well, and a release that it is told may be older', async () => {
    const release = await make('0.9.0');
    const manifest = { downgrade: true };
    await packRelease(join(folder, 'update'), release, { key: join(folder, 'next') }, manifest);

    const { stdout } = await onStation(
      folder,
      `put_in_drop update job-1; units >/dev/null; pass ${SETTLED_SECONDS} >/dev/null; result job-1; summary`,
    );

    expect(stdout).toContain('"version":"0.9.0","state":"SUCCEEDED"');
    expect(stdout).toContain('runs 0.9.0');
  });

  describe('refuses, with the station as it was,', () => {
    const base = () => join(folder, 'update');
    const pathOf = (name: string) => join(folder, '2.0.0', name);
    const cases: readonly (readonly [what: string, prepare: () => Promise<unknown>, answer: RegExp])[] = [
      [
        'an archive that was cut short',
        async () => {
          await pack(await make('2.0.0'));
          await truncate(`${base()}.tar.gz`, 1_000);
        },
        /"FAILED".*another size/,
      ],
      [
        'an archive with another hash',
        async () => pack(await make('2.0.0'), { sha256: '0'.repeat(64) }),
        /"FAILED".*another hash/,
      ],
      [
        'a larger archive',
        async () => {
          await pack(await make('2.0.0'));
          await appendFile(`${base()}.tar.gz`, 'x');
        },
        /"FAILED".*another size/,
      ],
      [
        'a key that is not allowed',
        async () => packRelease(base(), await make('2.0.0'), { key: join(folder, 'other') }),
        /"REJECTED".*signature/,
      ],
      [
        'a signature for something else',
        async () => packRelease(base(), await make('2.0.0'), { key: join(folder, 'now'), namespace: 'git' }),
        /"REJECTED".*signature/,
      ],
      [
        'a manifest that was changed after it was signed',
        async () => {
          await pack(await make('2.0.0'));
          await appendFile(`${base()}.json`, ' ');
        },
        /"REJECTED".*signature/,
      ],
      ['an older version', async () => pack(await make('0.9.0')), /"REJECTED".*older than 1.0.0/],
      ['a release candidate of what runs', async () => pack(await make('1.0.0-rc.1')), /"REJECTED".*older/],
      [
        'a version that may not follow this one',
        async () => pack(await make('3.0.0'), { minimumVersion: '2.0.0' }),
        /"REJECTED".*follow 2.0.0 or later/,
      ],
      [
        'another processor',
        async () => pack(await make('2.0.0'), { architecture: 'linux-riscv64' }),
        /"REJECTED".*for linux-riscv64/,
      ],
      [
        'another Node ABI',
        async () => pack(await make('2.0.0'), { nodeAbi: 1 }),
        /"REJECTED".*for Node ABI 1,/,
      ],
      [
        'a newer glibc',
        async () => pack(await make('2.0.0'), { glibc: '9.0' }),
        /"REJECTED".*needs glibc 9.0/,
      ],
      [
        'a manifest without a field',
        async () => pack(await make('2.0.0'), { glibc: undefined }),
        /"REJECTED".*manifest/,
      ],
      [
        'another version than its manifest says',
        async () => pack(await make('2.0.0'), { version: '2.0.1' }),
        /"REJECTED".*holds no release 2.0.1/,
      ],
      [
        'names with ..',
        async () => pack(await make('2.0.0'), {}, ['--transform', 's|package.json|../package.json|']),
        /"REJECTED".*names that lead elsewhere/,
      ],
      [
        'absolute names',
        async () => pack(await make('2.0.0'), {}, ['--transform', 's|./package.json|/tmp/package.json|']),
        /"REJECTED".*names that lead elsewhere/,
      ],
      [
        'a symbolic link',
        async () => {
          await make('2.0.0');
          await symlink('/etc', pathOf('etc'));
          await pack(join(folder, '2.0.0'));
        },
        /"REJECTED".*links/,
      ],
      [
        'a hard link',
        async () => {
          await make('2.0.0');
          await link(pathOf('package.json'), pathOf('same'));
          await pack(join(folder, '2.0.0'));
        },
        /"REJECTED".*links/,
      ],
      [
        'a setuid file',
        async () => {
          await make('2.0.0');
          await chmod(pathOf('dist/main.js'), 0o4755);
          await pack(join(folder, '2.0.0'));
        },
        /"REJECTED".*setuid/,
      ],
      [
        'a device',
        async () => {
          await make('2.0.0');
          await run('mknod', [pathOf('null'), 'c', '1', '3']);
          await pack(join(folder, '2.0.0'));
        },
        /"REJECTED".*devices/,
      ],
      [
        'more bytes than its manifest says',
        async () => pack(await make('2.0.0'), { unpackedSize: 1_000 }),
        /"REJECTED"/,
      ],
      [
        'what needs more room than there is',
        async () => pack(await make('2.0.0'), { unpackedSize: 900_000_000_000 }),
        /"FAILED".*no room/,
      ],
    ];

    it.each(cases)('%s', async (_what, prepare, answer) => {
      await prepare();
      const { stdout } = await onStation(
        folder,
        ': >asked; put_in_drop update job-1; units >/dev/null; result job-1; summary',
      );

      const [result, summary] = lastLines(stdout, 2);
      expect(result).toMatch(answer);
      expect(summary).toBe('runs 1.0.0, 1 releases, trial: no, left:');
      expect((await asked()).filter((line) => line.startsWith('restart'))).toEqual([]);
    });
  });

  it('takes nothing without a file of allowed signers, or with one that others may write', async () => {
    await pack(await make('2.0.0'));
    const { stdout } = await onStation(
      folder,
      `chmod 664 /etc/weather-gateway/allowed_signers
put_in_drop update job-1; units >/dev/null; result job-1
rm /etc/weather-gateway/allowed_signers
put_in_drop update job-2; units >/dev/null; result job-2; summary`,
    );

    expect(stdout).toMatch(/"REJECTED".*is not root.?s alone to write/);
    expect(stdout).toMatch(/"REJECTED".*there is no \/etc\/weather-gateway\/allowed_signers/);
    expect(lastLines(stdout, 1)).toEqual(['runs 1.0.0, 1 releases, trial: no, left:']);
  });

  it('says so where ssh-keygen is missing', async () => {
    await pack(await make('2.0.0'));
    const { stdout } = await onStation(
      folder,
      `mkdir without && for each in /usr/bin/* /usr/sbin/*; do ln -sf $each without/; done; rm without/ssh-keygen
put_in_drop update job-1; PATH=${folder}/bin:${folder}/without units >/dev/null; result job-1`,
    );

    expect(stdout).toMatch(/"FAILED".*ssh-keygen is missing: sudo apt install openssh-client/);
  });

  it('follows no link of the daemon, reads nothing that the daemon may not, and runs nothing of it', async () => {
    const { stdout } = await onStation(
      folder,
      `as_daemon mkdir $state/update
as_daemon ln -s /etc/shadow $state/update/manifest.json
as_daemon ln -s /etc/passwd $state/update/manifest.json.sig
as_daemon ln -s /etc/weather-gateway/allowed_signers $state/update/release.tar.gz
as_daemon sh -c "echo '../../\\$(touch /opt/run)' >$state/update/request"
sha256sum /etc/passwd /etc/shadow >sums
units >/dev/null; result unnamed; sha256sum --quiet -c sums; ls /opt $updates/results
as_daemon rm -r $state/update; as_daemon ln -s /etc $state/update
touch /etc/request; units; ls /etc/request
rm /etc/request; as_daemon rm $state/update
as_daemon mkdir -p $state/update/request/kept && as_daemon touch $state/update/request/kept/file && as_daemon chmod 0 $state/update/request/kept
units >/dev/null; summary`,
    );

    expect(stdout).toMatch(/"id":"unnamed".*"FAILED".*manifest.json is not there/);
    expect(stdout).not.toContain('root:');
    expect(stdout).not.toContain('/opt/run');
    expect(stdout).toContain('\n/etc/request\n');
    // What cannot be removed would start the unit again and again.
    expect((await asked()).filter((line) => line === 'stop weather-gateway-update.path')).not.toEqual([]);
  });

  describe('brings the release before back', () => {
    it.each<[string, Behaviour, string, RegExp]>([
      ['does not start', 'does-not-start', '', /the new release does not start/],
      [
        'starts and cannot connect, at the deadline',
        'never-delivers',
        `pass ${DEADLINE_SECONDS}`,
        /did not sample, store and have a PUBACK within 3620 s/,
      ],
      [
        'starts and cannot connect, where a configuration from afar lets readings leave every ten minutes',
        'never-delivers',
        `as_daemon tee $state/remote-configuration.json <<<'{"kept":{"id":"a","version":1,"values":{"reporting":{"sendSeconds":600}}}}'
pass 4900`,
        /did not sample, store and have a PUBACK within 4820 s/,
      ],
      [
        'fails for good after ten minutes',
        'fails-later',
        `pass 600; echo failed >ActiveState; pass 60`,
        /the service failed/,
      ],
      [
        'crashes after ten minutes, again and again',
        'fails-later',
        `pass 600; echo 3 >NRestarts; pass 60`,
        /the service was restarted 3 times/,
      ],
      [
        'never runs for long, with reboots',
        'works',
        `for i in 1 2 3 4 5 6 7 8 9 10 11; do pass 300; [ ! -e $updates/trial ] || start_again; done`,
        /the machine started 10 times|never ran 900 s/,
      ],
      [
        'reboots before it has a PUBACK, until the deadline',
        'never-delivers',
        `pass 1800; start_again; pass 2000`,
        /did not sample, store and have a PUBACK/,
      ],
    ])('when one %s', async (_what, behaviour, events, reason) => {
      await pack(await make('2.0.0', behaviour));
      const { stdout } = await onStation(
        folder,
        `put_in_drop update job-1
(units; ${events}) >/dev/null
result job-1; summary; cat ActiveState; basename $(readlink $program/committed)
put_in_drop update job-2; units >/dev/null; result job-2 | cut -c1-40`,
      );

      const [result, summary, state, , next] = lastLines(stdout, 5);
      expect(result).toMatch(/"version":"2.0.0","state":"FAILED"/);
      expect(result).toMatch(reason);
      expect(summary).toBe('runs 1.0.0, 1 releases, trial: no, left:');
      expect(state).toBe('active');
      // The station takes the next one as before.
      expect(next).toBe('{"id":"job-2","version":"2.0.0","state":');
    });

    it('also on a disk that takes nothing any more', async () => {
      await pack(await make('2.0.0', 'never-delivers'));
      const { stdout } = await onStation(
        folder,
        `truncate -s 96M disk.img && mkfs.ext4 -q -J size=4 disk.img && mkdir /mnt/disk && mount -o loop disk.img /mnt/disk || exit
for each in /opt $state $updates /etc/systemd/system; do
  mkdir -p /mnt/disk$each; cp -a $each/. /mnt/disk$each/; mount --bind /mnt/disk$each $each
done
chown weather-gateway: $state
put_in_drop update job-1; units >/dev/null; summary
dd if=/dev/zero of=/mnt/disk/fill bs=1M status=none 2>/dev/null; dd if=/dev/zero of=/mnt/disk/fill2 bs=1k status=none 2>/dev/null
pass ${DEADLINE_SECONDS} >/dev/null 2>&1
summary; cat ActiveState
rm /mnt/disk/fill*; pass 120 >/dev/null 2>&1; summary; result job-1; test -s /etc/systemd/system/weather-gateway.service && echo unit`,
      );

      const lines = lastLines(stdout, 6);
      expect(lines[0]).toContain('runs 2.0.0');
      expect(lines[1]).toContain('runs 1.0.0');
      expect(lines[2]).toBe('active');
      expect(lines[3]).toBe('runs 1.0.0, 1 releases, trial: no, left:');
      expect(lines[4]).toContain('"state":"FAILED"');
      expect(lines[5]).toBe('unit');
    });
  });

  it('takes one at a time, and lets install.sh end a trial', async () => {
    await pack(await make('2.0.0'));
    await make('3.0.0');
    const { stdout } = await onStation(
      folder,
      `put_in_drop update job-1; units >/dev/null
put_in_drop update job-2; units >/dev/null; result job-2; result job-1
install.sh --release 3.0.0 >/dev/null 2>&1 || 3.0.0/systemd/install.sh --release 3.0.0 >/dev/null; result job-1
pass ${SETTLED_SECONDS}; summary`,
    );

    const [second, first, ended, summary] = lastLines(stdout, 4);
    expect(second).toMatch(/"FAILED".*another release is on trial/);
    expect(first).toContain('"IN_PROGRESS"');
    expect(ended).toMatch(/"job-1".*"FAILED".*installed by hand meanwhile/);
    expect(summary).toBe('runs 3.0.0, 2 releases, trial: no, left:');
  });

  it('removes what it had unpacked when the disk is full by then, and takes the next one', async () => {
    const fill = 'dd if=/dev/zero of=/opt/fill bs=64K; truncate -s -128K /opt/fill';
    await pack(await make('2.0.0'));
    const { stdout } = await onStation(
      folder,
      `mount -o remount,size=80M /opt
printf '#!/bin/sh\ncase " $* " in *" --extract "*) %s ;; esac 2>/dev/null\nexec /usr/bin/tar "$@"\n' '${fill}' >bin/tar && chmod +x bin/tar
put_in_drop update job-1; units >said; result job-1; summary; cat said
rm /opt/fill bin/tar; put_in_drop update job-2; units >/dev/null; result job-2; summary`,
    );

    const lines = lastLines(stdout, 7);
    const line = 'the archive could not be unpacked: the disk may be full';
    expect(lines[0]).toBe(
      `{"id":"job-1","version":"2.0.0","state":"FAILED","step":"unpacked","reason":"${line}"}`,
    );
    expect(lines[1]).toBe('runs 1.0.0, 1 releases, trial: no, left:');
    expect(lines.filter((each) => each.includes('FAILED at'))).toEqual([
      `update: job-1 2.0.0: FAILED at "unpacked": ${line}`,
    ]);
    expect(lines[5]).toContain('"version":"2.0.0","state":"IN_PROGRESS","step":"trial"');
    expect(lines[6]).toBe('runs 2.0.0, 2 releases, trial: yes, left:');
  });

  it('gives up a request that it could not finish three times', async () => {
    await pack(await make('2.0.0'));
    const { stdout } = await onStation(
      folder,
      `put_in_drop update job-1
printf '#!/bin/sh\nkill -9 $PPID\n' >bin/chown && chmod +x bin/chown
for i in 1 2 3 4; do units >/dev/null 2>&1; done; result job-1; summary`,
    );

    const [result, summary] = lastLines(stdout, 2);
    expect(result).toMatch(/"FAILED".*begun 3 times and never finished/);
    expect(summary).toBe('runs 1.0.0, 1 releases, trial: no, left:');
  });
});
