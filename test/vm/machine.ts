// A Linux machine in QEMU (software emulation, no KVM) over this host's own files, to which it writes nothing.
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, realpathSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Where a kernel may be: the shared one, or what build-kernel.sh made. */
export const builtKernel = join(projectRoot, 'test/vm/kernel');
const kernelFolders = [join(projectRoot, '../shared/vm'), builtKernel];

/** Where debian-13.sh puts it, and the image that it makes of it. */
export const debian13 = join(projectRoot, 'node_modules/.cache/debian-13');
export const debian13Disk = `${debian13}.img`;

/** Folder of bzImage and i2c-stub.ko, which `npm run test:vm` makes where there is none. */
export const findKernel = (): string | undefined => {
  const found = kernelFolders.find((folder) => existsSync(join(folder, 'bzImage')));
  return found && realpathSync(found);
};

export type MachineOptions = {
  /**
   * Bash, run as root in the project's folder; `$VM_KERNEL` has i2c-stub.ko, `test/vm/hardware.sh` sets it up.
   * `$VM_LIBGPIOD2` has libgpiod's tools of Debian 13, or is empty.
   */
  readonly script: string;
  /** The host's systemd as process 1, and the script as a unit of it; about 20 s more. */
  readonly isSystemd?: boolean;
  /** For the whole run, boot included. */
  readonly limitSeconds?: number;
  /**
   * While it computes, time goes by executed instructions, 8 ns each: a slow Pi, whatever else this host has to do.
   * Otherwise it is the host's time, and the machine is faster.
   */
  readonly isTimeVirtual?: boolean;
  /**
   * One core of twice the speed instead of two. Emulated cores take turns of up to 0.1 s in virtual time, which is
   * no measure of how soon a process is served.
   */
  readonly isSingleCore?: boolean;
  /** Of virtual time: that in which nothing is executed passes at once. */
  readonly isIdleSkipped?: boolean;
  /** Raw images that become /dev/vda, /dev/vdb and so on; what is flushed to them outlives the machine. */
  readonly disks?: readonly string[];
  /** Raw image of ext4 that keeps what the machine writes anywhere, for the next one with it; otherwise that is thrown away. */
  readonly keptDisk?: string | undefined;
  /** Raw image with another Debian, whose programs the machine then has in place of this host's. */
  readonly rootDisk?: string | undefined;
  /** Cuts the power as soon as this text appears on the console: nothing is flushed. */
  readonly cutOn?: string;
  /** Told of each line on the console since the boot. */
  readonly onLine?: (line: string) => void;
};

export type MachineResult = {
  /** Of the script; `null` when the power was cut or the limit was reached. */
  readonly status: number | null;
  readonly end: 'script' | 'power-cut' | 'limit';
  /** What was printed on the console since the boot; all of it where the machine did not come so far. */
  readonly output: string;
};

const MEMORY_MB = 1_536;

/** A file to which the console is appended while a machine runs, for whoever waits for it. */
const followed = process.env['VM_CONSOLE'];
const follow = (line: string): void => {
  if (followed !== undefined) appendFileSync(followed, `${line.trimEnd()}\n`);
};

/** Boots, runs the script, powers off. */
export const runMachine = async (options: MachineOptions): Promise<MachineResult> => {
  const kernel = findKernel();
  if (kernel === undefined) throw new Error('no kernel: npm run test:vm makes one');
  const folder = await mkdtemp(join(tmpdir(), 'weather-gateway-vm-'));
  try {
    const script = join(folder, 'script.sh');
    const tools = existsSync(debian13) ? join(debian13, 'opt/libgpiod') : '';
    const variables = `VM_KERNEL=${kernel} VM_LIBGPIOD2=${tools}`;
    // Also where Node.js is in no folder that the machine looks into.
    const node = `command -v node >/dev/null || ln -s ${process.execPath} /usr/local/bin/node`;
    await writeFile(script, `export ${variables}\ncd '${projectRoot}'\n${node}\n${options.script}\n`);
    await makeInitramfs(folder);
    return await boot(['qemu-system-x86_64', ...qemuArguments({ kernel, folder, script }, options)], options);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const makeInitramfs = async (folder: string): Promise<void> => {
  const root = join(folder, 'root');
  await mkdir(join(root, 'bin'), { recursive: true });
  const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  await copyFile(busybox, join(root, 'bin/busybox'));
  await copyFile(join(projectRoot, 'test/vm/init.sh'), join(root, 'init'));
  await copyFile(join(projectRoot, 'test/vm/first-program.sh'), join(root, 'first-program.sh'));
  execFileSync('sh', ['-c', 'find . | cpio --quiet -o -H newc | gzip -1 >../initramfs.gz'], { cwd: root });
};

type BootFiles = { readonly kernel: string; readonly folder: string; readonly script: string };

const qemuArguments = ({ kernel, folder, script }: BootFiles, options: MachineOptions): string[] => {
  const mode = options.isSystemd === true ? 'systemd' : 'plain';
  const isSingleCore = options.isSingleCore === true;
  const pace =
    options.isTimeVirtual === true
      ? `-accel tcg,thread=single -icount shift=${isSingleCore ? 2 : 3},sleep=${options.isIdleSkipped === true ? 'off' : 'on'}`
      : '-accel tcg,thread=multi';
  const cores = isSingleCore ? 1 : 2;
  const machine = `${pace} -cpu max -smp ${cores} -m ${MEMORY_MB} -display none -no-reboot -nic none`;
  return [
    ...machine.split(' '),
    ...'-serial stdio -monitor none'.split(' '),
    ...['-kernel', join(kernel, 'bzImage'), '-initrd', join(folder, 'initramfs.gz')],
    ...[
      '-append',
      // On a busy host the emulated timer may tick too late for the kernel's check of it, which ends in a panic.
      `console=ttyS0 quiet panic=-1 no_timer_check delayacct vm.mode=${mode} vm.script=${script}${diskArguments(kernel, options)}`,
    ],
    ...['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'],
    ...disksOf(options).flatMap((file) => [
      '-drive',
      `file=${file},format=raw,if=virtio,cache=writeback,file.locking=off`,
    ]),
  ];
};

const disksOf = ({ disks = [], keptDisk, rootDisk }: MachineOptions): string[] =>
  [...disks, keptDisk, rootDisk].filter((disk) => disk !== undefined);

/** For a machine with another's root: where that is, and what of this host is seen in it, at the same paths. */
const diskArguments = (kernel: string, options: MachineOptions): string => {
  const { keptDisk, rootDisk } = options;
  const deviceOf = (disk: string): string => `/dev/vd${'abcdefgh'[disksOf(options).indexOf(disk)] ?? ''}`;
  const kept = keptDisk === undefined ? '' : ` vm.kept=${deviceOf(keptDisk)}`;
  if (rootDisk === undefined) return kept;
  return `${kept} vm.root=${deviceOf(rootDisk)} vm.shares=${[tmpdir(), projectRoot, kernel].join(':')}`;
};

/** Runs QEMU until the machine ends. */
export const boot = (
  [program, ...args]: readonly [program: string, ...args: string[]],
  options: Pick<MachineOptions, 'limitSeconds' | 'cutOn' | 'onLine'>,
): Promise<MachineResult> =>
  new Promise((resolve, reject) => {
    const qemu = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    let isBooted = false;
    let status: number | null = null;
    let end: MachineResult['end'] = 'script';
    const kill = (reason: MachineResult['end']): void => {
      end = reason;
      qemu.kill('SIGKILL');
    };
    const limit = setTimeout(() => kill('limit'), (options.limitSeconds ?? 300) * 1_000);
    createInterface({ input: qemu.stdout }).on('line', (line) => {
      follow(line);
      if (line.includes('vm-start')) {
        isBooted = true;
        lines.length = 0;
      } else if (line.includes('vm-exit-status '))
        status = Number(line.slice(line.lastIndexOf('vm-exit-status ') + 'vm-exit-status '.length));
      else {
        lines.push(line.trimEnd());
        if (isBooted) options.onLine?.(line);
      }
      if (options.cutOn !== undefined && isBooted && line.includes(options.cutOn)) kill('power-cut');
    });
    qemu.stderr.setEncoding('utf8').on('data', (text: string) => lines.push(text));
    qemu.once('error', reject);
    qemu.once('close', () => {
      clearTimeout(limit);
      resolve({
        status: end === 'script' ? status : null,
        end,
        output: lines.join('\n'),
      });
    });
  });
