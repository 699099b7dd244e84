// An emulated 64-bit ARM machine with Debian 13 on its card, the kernel of Debian and the package of the release.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { boot, type MachineResult, projectRoot } from '../vm/machine.ts';
import { registers, writeBrokerFiles } from '../vm/service-machine.ts';

const run = promisify(execFile);
/** Where make-machine.sh makes what the machines are made of. */
export const armFolder = join(projectRoot, 'node_modules/.cache/arm64');
/** Where the machine sees what is its own. */
const SEEN = '/vm/files';

export type ArmMachine = {
  /** `virt`: a processor with simulated chips. `raspi4b`: the board, its own drivers, contacts played by a module. */
  readonly board: 'virt' | 'raspi4b';
  /** `arm64` has pages of 4 KiB, `arm64-16k` of 16 KiB, as Raspberry Pi OS on a Pi 5. */
  readonly kernel: 'arm64' | 'arm64-16k';
  /** Bash of `test/arm/guest`, a unit of the machine's systemd. */
  readonly script: string;
  readonly debianPackage: string;
  readonly limitSeconds: number;
};

const modulesOf = {
  virt: ['virtio_blk', 'virtio_pci'],
  raspi4b: ['bcm2835_wdt', 'bcm2835', 'sdhci-iproc', 'i2c-bcm2835', 'bcm2835-rng'],
} as const;
const MODULES_OF_ALL = ['crc32c_generic', 'ext4', 'overlay', 'configfs', 'i2c-dev', 'loop'];

/** The files of the modules and of those that they need, in the order in which they are loaded. */
const moduleFiles = async (folder: string, version: string, names: readonly string[]): Promise<string[]> => {
  const files = new Set<string>();
  for (const name of names) {
    const args = ['-d', folder, '-S', version, '--show-depends', name];
    // Not all of them are modules of each kernel.
    const { stdout } = await run('modprobe', args).catch(() => ({ stdout: '' }));
    for (const [, file] of stdout.matchAll(/^insmod (\S+)/gm)) if (file !== undefined) files.add(file);
  }
  return [...files];
};

const makeInitramfs = async (folder: string, machine: ArmMachine): Promise<void> => {
  const root = join(folder, 'root');
  const modules = join(root, 'lib/modules');
  const project = join(root, 'vm/project');
  for (const each of [
    'bin',
    'lib/modules',
    'vm/files',
    'vm/modules',
    'vm/project/test/arm',
    'vm/project/test/vm',
  ])
    await mkdir(join(root, each), { recursive: true });
  await cp(join(armFolder, 'busybox/usr/bin/busybox'), join(root, 'bin/busybox'));
  await cp(join(projectRoot, 'test/arm/init.sh'), join(root, 'init'));
  const kernel = join(armFolder, machine.kernel);
  const version = `${(await readFile(join(armFolder, 'version'), 'utf8')).trim()}-${machine.kernel}`;
  const files = await moduleFiles(kernel, version, [...MODULES_OF_ALL, ...modulesOf[machine.board]]);
  for (const file of files)
    await run('sh', ['-c', 'xz -dc "$1" >"$2"', 'sh', file, join(modules, basename(file, '.xz'))]);
  await writeFile(join(modules, 'order'), files.map((file) => `${basename(file, '.xz')}\n`).join(''));

  await cp(join(kernel, 'ours'), join(root, 'vm/modules'), { recursive: true });
  for (const each of ['config', 'test/arm/guest', 'test/vm/guest', 'test/vm/hardware.sh'])
    await cp(join(projectRoot, each), join(project, each), { recursive: true });
  await writeBrokerFiles(join(root, 'vm/files'), SEEN);
  await cp(machine.debianPackage, join(root, 'vm/files/weather-gateway.deb'));
  const lines = registers().map((line) => `'${line}'`);
  const script = [
    `BOARD=${machine.board} VM_KERNEL=/vm/modules FOLDER=${SEEN} NODE=/usr/bin/node RELEASE_DISK=`,
    `HARDWARE=test/arm/guest/hardware.sh REGISTERS=(${lines.join(' ')})`,
    // A Raspberry Pi has no clock that runs without power.
    `date -s @${Math.floor(Date.now() / 1_000)}`,
    'cd /vm/project',
    `. test/arm/guest/${machine.script}`,
  ];
  await writeFile(join(root, 'vm/script.sh'), `${script.join('\n')}\n`);
  await run('sh', ['-c', 'find . | cpio --quiet -o -H newc | gzip -1 >../initramfs.gz'], { cwd: root });
};

const CARD = `file=${join(armFolder, 'card.img')},format=raw,snapshot=on,file.locking=off`;
/** Of a Pi 3 or Zero 2 W, and of a Pi 5: the older one knows no pages of 16 KiB. */
const processorOf = { arm64: 'cortex-a53', 'arm64-16k': 'cortex-a76' } as const;
const hardwareOf = {
  virt: [
    // Without its power button's chip, so that the simulated one is the first, as on a board
    ...['-M', 'virt,gic-version=2', '-smp', '1', '-m', '1024', '-nic', 'none'],
    ...['-drive', `${CARD},if=none,id=card`, '-device', 'virtio-blk-pci,drive=card'],
  ],
  raspi4b: [
    ...['-M', 'raspi4b', '-dtb', join(armFolder, 'raspi4b.dtb'), '-drive', `${CARD},if=sd`],
    // Register files at the addresses of BME280 and ADS1115: a pointer, then bytes one after the other
    ...['-device', 'at24c-eeprom,bus=i2c-bus.1,address=0x76,rom-size=256'],
    ...['-device', 'at24c-eeprom,bus=i2c-bus.1,address=0x48,rom-size=256'],
  ],
} as const;
const parametersOf = {
  virt: 'console=ttyAMA0 vm.root=/dev/vda initcall_blacklist=pl061_gpio_driver_init',
  raspi4b: 'console=ttyAMA0,115200 vm.root=/dev/mmcblk0',
} as const;

/** Boots, runs the script, ends. Time goes by executed instructions, 4 ns each, so that a busy host changes nothing. */
export const runArmMachine = async (machine: ArmMachine): Promise<MachineResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'weather-gateway-arm-'));
  try {
    await makeInitramfs(folder, machine);
    const libraries = join(armFolder, 'tools/usr/lib/x86_64-linux-gnu');
    // QEMU of Debian 13 by its own loader, without the crypto extensions that a Pi 3, Zero 2 W and 4 lack.
    const qemu = [join(armFolder, 'qemu-system-pi'), '-L', join(armFolder, 'tools/usr/share/qemu')];
    const args = [
      ...['--library-path', libraries, ...qemu],
      ...hardwareOf[machine.board],
      ...(machine.board === 'virt' ? ['-cpu', processorOf[machine.kernel]] : []),
      ...'-accel tcg,thread=single -icount shift=2,sleep=on'.split(' '),
      ...'-display none -serial stdio -monitor none -no-reboot'.split(' '),
      ...['-kernel', join(armFolder, machine.kernel, 'vmlinuz'), '-initrd', join(folder, 'initramfs.gz')],
      ...['-append', `quiet panic=-1 ${parametersOf[machine.board]}`],
    ];
    return await boot([join(libraries, 'ld-linux-x86-64.so.2'), ...args], machine);
  } finally {
    await rm(folder, { recursive: true });
  }
};
