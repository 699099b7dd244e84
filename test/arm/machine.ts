// An emulated 64-bit ARM machine with Debian 13 on its card, the kernel of Debian and the package of the release.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { boot, type MachineResult, projectRoot } from '../vm/machine.ts';
import { registers, writeBrokerFiles } from '../vm/station-files.ts';

const run = promisify(execFile);
/** Where make-machine.sh makes what the machines are made of. */
export const armFolder = join(projectRoot, 'node_modules/.cache/arm64');
/** Where the machine sees what is its own. */
const SEEN = '/vm/files';

export type ArmMachine = {
  /**
   * `virt`: a processor with simulated chips. `raspi4b`: the board, its own drivers, contacts played by a module. `raspi3b`: the
   * board with its own controller of the card.
   */
  readonly board: 'virt' | 'raspi3b' | 'raspi4b';
  /** `arm64` has pages of 4 KiB, `arm64-16k` of 16 KiB, as Raspberry Pi OS on a Pi 5. */
  readonly kernel: 'arm64' | 'arm64-16k';
  /** Bash of `test/arm/guest`, a unit of the machine's systemd. */
  readonly script: string;
  /** Seen by the script as /vm/files/weather-gateway.deb. */
  readonly debianPackage?: string;
  /** Texts that the script sees in /vm/files, by their names. */
  readonly files?: Readonly<Record<string, string>>;
  /** Raw image that keeps what the machine writes to its card. Without it the machine has systemd, and a card that keeps nothing. */
  readonly keptCard?: string;
  /** As of the machines of test/vm. */
  readonly cutOn?: string;
  readonly onLine?: (line: string) => void;
  /** Ports of the machine, each by the port of this host's loopback at which it is seen. Only with `virt`. */
  readonly ports?: Readonly<Record<number, number>>;
  readonly limitSeconds: number;
  /** Time in which nothing is executed passes at once: an hour takes as long as what it executes. */
  readonly isIdleSkipped?: boolean;
  /** Bash ahead of the script: what it is to do. */
  readonly variables?: string;
};

const BOARD_MODULES = ['bcm2835_wdt', 'bcm2835', 'sdhci-iproc', 'i2c-bcm2835', 'bcm2835-rng'] as const;
const modulesOf = {
  virt: ['virtio_blk', 'virtio_pci', 'virtio_net'],
  raspi3b: BOARD_MODULES,
  raspi4b: BOARD_MODULES,
} as const;
const MODULES_OF_ALL = ['crc32c_generic', 'ext4', 'overlay', 'configfs', 'i2c-dev', 'loop'];

const versionOf = (kernel: ArmMachine['kernel']): string =>
  `${readFileSync(join(armFolder, 'version'), 'utf8').trim()}-${kernel}`;

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
  for (const each of ['bin', 'lib/modules', 'vm/files', 'vm/modules', 'vm/project'])
    await mkdir(join(root, each), { recursive: true });
  await cp(join(armFolder, 'busybox/usr/bin/busybox'), join(root, 'bin/busybox'));
  await cp(join(projectRoot, 'test/arm/init.sh'), join(root, 'init'));
  await cp(join(projectRoot, 'test/vm/first-program.sh'), join(root, 'first-program.sh'));
  const kernel = join(armFolder, machine.kernel);
  const files = await moduleFiles(kernel, versionOf(machine.kernel), [
    ...MODULES_OF_ALL,
    ...modulesOf[machine.board],
  ]);
  for (const file of files)
    await run('sh', ['-c', 'xz -dc "$1" >"$2"', 'sh', file, join(modules, basename(file, '.xz'))]);
  await writeFile(join(modules, 'order'), files.map((file) => `${basename(file, '.xz')}\n`).join(''));

  await cp(join(kernel, 'ours'), join(root, 'vm/modules'), { recursive: true });
  for (const each of [
    'config',
    'test/arm/guest',
    'test/vm/guest',
    'test/vm/hardware.sh',
    'test/bench/bare-process.js',
  ])
    await cp(join(projectRoot, each), join(project, each), { recursive: true });
  await writeBrokerFiles(join(root, 'vm/files'), SEEN);
  if (machine.debianPackage !== undefined)
    await cp(machine.debianPackage, join(root, 'vm/files/weather-gateway.deb'));
  for (const [name, text] of Object.entries(machine.files ?? {}))
    await writeFile(join(root, 'vm/files', name), text);
  const lines = registers().map((line) => `'${line}'`);
  const script = [
    `BOARD=${machine.board} ADDRESS=${MACHINE_ADDRESS} VM_KERNEL=/vm/modules FOLDER=${SEEN} NODE=/usr/bin/node RELEASE_DISK=`,
    `HARDWARE=test/arm/guest/hardware.sh REGISTERS=(${lines.join(' ')})`,
    // A Raspberry Pi has no clock that runs without power.
    `date -s @${Math.floor(Date.now() / 1_000)}`,
    'cd /vm/project',
    machine.variables ?? '',
    `. test/arm/guest/${machine.script}`,
  ];
  await writeFile(join(root, 'vm/script.sh'), `${script.join('\n')}\n`);
  await run('sh', ['-c', 'find . | cpio --quiet -o -H newc | gzip -1 >../initramfs.gz'], { cwd: root });
};

/** Of a Pi 3 or Zero 2 W, and of a Pi 5: the older one knows no pages of 16 KiB. */
const processorOf = { arm64: 'cortex-a53', 'arm64-16k': 'cortex-a76' } as const;
/** Register files at the addresses of BME280 and ADS1115: a pointer, then bytes one after the other. */
const CHIPS = [
  ...['-device', 'at24c-eeprom,bus=i2c-bus.1,address=0x76,rom-size=256'],
  ...['-device', 'at24c-eeprom,bus=i2c-bus.1,address=0x48,rom-size=256'],
] as const;

/** The address of the machine in QEMU's network, from which it reaches nothing. */
const MACHINE_ADDRESS = '10.0.2.15';
const networkOf = (ports: Readonly<Record<number, number>> = {}): readonly string[] => {
  const forwards = Object.entries(ports).map(([host, guest]) => `hostfwd=tcp:127.0.0.1:${host}-:${guest}`);
  if (forwards.length === 0) return ['-nic', 'none'];
  const network = ['user', 'id=net', 'restrict=on', ...forwards].join(',');
  return ['-netdev', network, '-device', 'virtio-net-pci,netdev=net,romfile='];
};

const hardwareOf = ({ board, kernel, ports }: ArmMachine, card: string): readonly string[] => {
  switch (board) {
    case 'virt':
      return [
        ...['-M', 'virt,gic-version=2', '-smp', '1', '-m', '1024'],
        ...networkOf(ports),
        ...['-cpu', processorOf[kernel]],
        ...['-drive', `${card},if=none,id=card`, '-device', 'virtio-blk-pci,drive=card'],
      ];
    case 'raspi3b': {
      const trees = join(armFolder, kernel, 'usr/lib', `linux-image-${versionOf(kernel)}`);
      const tree = join(trees, 'broadcom/bcm2837-rpi-3-b.dtb');
      return ['-M', 'raspi3b', '-dtb', tree, '-drive', `${card},if=sd`, ...CHIPS];
    }
    case 'raspi4b':
      return [
        '-M',
        'raspi4b',
        ...['-dtb', join(armFolder, 'raspi4b.dtb'), '-drive', `${card},if=sd`, ...CHIPS],
      ];
  }
};
const parametersOf = {
  // Without its power button's chip, so that the simulated one is the first, as on a board
  virt: 'console=ttyAMA0 vm.root=/dev/vda initcall_blacklist=pl061_gpio_driver_init',
  raspi3b: 'console=ttyAMA0,115200 vm.root=/dev/mmcblk0',
  // Emulated cores take turns, and one that waits for its turn loses edges: one runs everything, the others rest.
  raspi4b: 'console=ttyAMA0,115200 vm.root=/dev/mmcblk0 isolcpus=1-3',
} as const;

/**
 * Boots, runs the script, ends. Where the card keeps nothing, time goes by executed instructions, 4 ns each, so that a busy host
 * changes nothing.
 */
export const runArmMachine = async (machine: ArmMachine): Promise<MachineResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'weather-gateway-arm-'));
  try {
    await makeInitramfs(folder, machine);
    const libraries = join(armFolder, 'tools/usr/lib/x86_64-linux-gnu');
    const isKept = machine.keptCard !== undefined;
    const image = `file=${machine.keptCard ?? join(armFolder, 'card.img')}`;
    const card = `${image},format=raw,snapshot=${isKept ? 'off' : 'on'},file.locking=off`;
    const parameters = `${parametersOf[machine.board]} ${isKept ? 'vm.card=kept' : 'vm.mode=systemd'}`;
    // QEMU of Debian 13 by its own loader, without the crypto extensions that a Pi 3, Zero 2 W and 4 lack.
    const qemu = [join(armFolder, 'qemu-system-pi'), '-L', join(armFolder, 'tools/usr/share/qemu')];
    const args = [
      ...['--library-path', libraries, ...qemu],
      ...hardwareOf(machine, card),
      ...(isKept
        ? ['-accel', 'tcg,thread=multi']
        : [
            ...['-accel', 'tcg,thread=single'],
            ...['-icount', `shift=2,sleep=${machine.isIdleSkipped === true ? 'off' : 'on'}`],
          ]),
      ...'-display none -serial stdio -monitor none -no-reboot'.split(' '),
      ...['-kernel', join(armFolder, machine.kernel, 'vmlinuz'), '-initrd', join(folder, 'initramfs.gz')],
      ...['-append', `quiet panic=-1 ${parameters}`],
    ];
    return await boot([join(libraries, 'ld-linux-x86-64.so.2'), ...args], machine);
  } finally {
    await rm(folder, { recursive: true });
  }
};
