export type Suite = {
  readonly name: string;
  readonly about: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Programs that it needs besides Node.js. Without one of them it is left out. */
  readonly needs: readonly string[];
};

const SYSTEM = ['vitest', 'run', '--config', 'test/vitest.system.config.ts'] as const;
/** Maven's own messages are kept off the terminal; Surefire's lines stay, which say what was tested. */
const MAVEN_LOG = '-Dorg.slf4j.simpleLogger';

/** What the others stand on; a failure here ends the run. */
export const first: readonly Suite[] = [
  {
    name: 'check',
    about: 'linters, types, layers, dead code',
    command: ['npm', 'run', '--silent', 'check'],
    needs: [],
  },
  {
    name: 'build',
    about: 'the package of the release, and dist/',
    command: ['npm', 'run', '--silent', 'build:package'],
    needs: [],
  },
];

/** By the clock on the wall, one after the other. */
const byTheClock: readonly Suite[] = [
  {
    name: 'unit',
    about: 'unit and contract tests with coverage, cloud templates, what the shipped rules are worth',
    command: ['npm', 'run', '--silent', 'test:unit'],
    needs: [],
  },
  {
    name: 'analytics',
    about: 'the Flink job',
    command: [
      'mvn',
      ...['-B', '-ntp', `${MAVEN_LOG}.defaultLogLevel=warn`],
      ...[`${MAVEN_LOG}.log.org.apache.maven.plugin.surefire=info`],
      ...[`${MAVEN_LOG}.log.org.apache.maven.plugins.shade=error`],
      ...['-f', 'cloud/analytics/pom.xml', 'verify'],
    ],
    needs: ['javac', 'mvn'],
  },
  {
    name: 'cloud-tools',
    about: 'the templates by cfn-lint, the commands against moto, the SQL in DuckDB, by sqlfluff and sqlglot',
    command: ['vitest', 'run', '--config', 'test/vitest.cloud-tools.config.ts'],
    needs: ['python3'],
  },
  {
    name: 'system',
    about: 'the daemon, the demo and the release as processes',
    command: [
      ...SYSTEM,
      ...[
        'alert-mails',
        'cloud-synth',
        'system/commands',
        'damaged-table',
        'system/demo.test',
        'system/setup',
        'hostile-broker',
      ],
      ...['hostile-requests', 'release'],
    ],
    needs: [],
  },
  {
    name: 'systemd',
    about: 'the unit and its files',
    command: [...SYSTEM, 'systemd-files'],
    needs: ['systemd-analyze'],
  },
  {
    name: 'install',
    about: 'install.sh as root in a mount namespace',
    command: [...SYSTEM, 'system/install.test'],
    needs: ['unshare', 'systemd-sysusers'],
  },
  {
    name: 'update',
    about: 'signed updates as root in a mount namespace, through power cuts, and the job that asks for them',
    command: [...SYSTEM, 'system/update.test', 'update-power-cut', 'update-job'],
    needs: [
      ...['unshare', 'nsenter', 'systemd-sysusers', 'ssh-keygen', 'setpriv', 'mkfs.ext4', 'python3'],
      'mosquitto',
    ],
  },
  {
    name: 'package',
    about: 'the Debian packages, from installation to purge on a Debian 13',
    command: [...SYSTEM, 'system/package.test', 'update-archive'],
    needs: [
      ...['unshare', 'mmdebstrap', 'dh', 'help2man', 'lintian', 'aarch64-linux-gnu-g++'],
      'qemu-arm-static',
    ],
  },
  {
    name: 'arm-node',
    about: 'store, outbox, MQTT and buses in Node.js for 64-bit ARM',
    command: ['test/arm/user-mode.sh'],
    needs: ['unshare', 'mmdebstrap', 'python3', 'qemu-aarch64-static'],
  },
  {
    name: 'dashboard',
    about: 'the page in a browser',
    command: [...SYSTEM, 'system/dashboard.test', 'dashboard-daemon'],
    needs: ['chromium'],
  },
  {
    name: 'chain',
    about: 'daemon, broker, Flink, warehouse and mail on this machine',
    command: [...SYSTEM, 'system/chain.test', 'day-away', 'demo-cloud', 'flink-job'],
    needs: ['mosquitto', 'javac', 'mvn'],
  },
];

/** By the clock as well, but they mostly wait: for links that are away, for intervals that pass. */
const waiting: readonly Suite[] = [
  {
    name: 'broker',
    about: 'the daemon against mosquitto over mutual TLS',
    command: [
      ...SYSTEM,
      ...[
        'system/claim',
        'system/configuration',
        'system/full-disk',
        'system/health',
        'system/jobs',
        'system/link',
      ],
      ...['nothing-lost', 'system/pre-alert', 'system/publisher'],
    ],
    needs: ['mosquitto'],
  },
  {
    name: 'faults',
    about: 'five hundred faults at eight stations',
    command: ['tsx', 'test/faults/main.ts'],
    needs: ['mosquitto'],
  },
];

/** Emulated machines, mostly on virtual time: they take what the others leave of the processor. */
const byVirtualTime: readonly Suite[] = [
  {
    name: 'vm',
    about: 'the buses and the installed service on emulated machines',
    command: ['nice', '-n', '10', 'tsx', 'test/vm/main.ts'],
    needs: [
      ...['qemu-system-x86_64', 'busybox', 'cpio', 'systemctl', 'gpiomon', 'i2cset', 'python3'],
      ...['mosquitto', 'debugfs'],
    ],
  },
];

/** As those, one machine at a time: beside those from the start, since it takes as long. */
const onArm: readonly Suite[] = [
  {
    name: 'arm',
    about: 'the package on emulated 64-bit ARM machines',
    command: ['nice', '-n', '10', 'tsx', 'test/arm/main.ts'],
    needs: [
      ...['unshare', 'mmdebstrap', 'cpio', 'modprobe', 'xz', 'mkfs.ext4', 'python3', 'dh', 'help2man'],
      ...['aarch64-linux-gnu-g++', 'chromium'],
    ],
  },
];

/** Side by side, the suites of each one after the other. */
export const lanes: readonly (readonly Suite[])[] = [byTheClock, waiting, byVirtualTime, onArm];

export const allSuites: readonly Suite[] = [...first, ...lanes.flat()];
