// The package on emulated 64-bit ARM machines: as a whole on one, what depends on pages and drivers on the others.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  expectChecks,
  expectEveryTip,
  expectNothingLost,
  resultsIn,
  type ServiceRun,
} from '../vm/service-machine.ts';
import { debianPackageFor } from './debian-package.ts';
import { expectFirstMinutes, openPageReader, type PageReader } from './first-minutes.ts';
import { type ArmMachine, runArmMachine } from './machine.ts';

/** Other suites run beside the machines and go first; the package may have to be made. */
const MACHINE_LIMIT_SECONDS = 3_600;
const LIMIT_MS = 4_800_000;

/** Runs a script to its last check; what the machine measured of itself goes to the terminal. */
const passOn = async (
  machine: Pick<ArmMachine, 'board' | 'kernel' | 'script' | 'ports' | 'onLine'>,
  lastCheck: string,
): Promise<ServiceRun> => {
  const debianPackage = await debianPackageFor('arm64');
  const run = await runArmMachine({ ...machine, debianPackage, limitSeconds: MACHINE_LIMIT_SECONDS });
  const service = resultsIn(run.output);
  for (const line of run.output.match(/\b(UP|MEMORY|PULSES|BOUNCES) .*/g) ?? [])
    process.stdout.write(`${machine.board} ${machine.kernel}: ${line}\n`);
  process.stdout.write(`${machine.board} ${machine.kernel}: ${run.end}, status ${run.status}\n`);
  expectChecks(service, lastCheck);
  expectNothingLost(service);
  expectEveryTip(service);
  return service;
};

describe('the package for 64-bit ARM, on a Cortex-A53 without crypto extensions', () => {
  let reader: PageReader;
  let service: ServiceRun;
  beforeAll(async () => {
    reader = await openPageReader();
    const { ports, onLine } = reader;
    service = await passOn(
      { board: 'virt', kernel: 'arm64', script: 'package.sh', ports, onLine },
      'removes-data',
    );
  }, LIMIT_MS);
  afterAll(() => reader.close());

  it('passes every check of guest/package.sh, loses no reading and counts every tip', () => {
    expect(service.readings.length).toBeGreaterThan(20);
  });

  expectFirstMinutes(
    () => service.output,
    () => reader.pages,
  );
});

describe('the package for 64-bit ARM', () => {
  it.each([
    ['virt', 'arm64-16k', 'a Cortex-A76 with pages of 16 KiB, as on a Pi 5', 'stops'],
    ['raspi4b', 'arm64', 'the Raspberry Pi 4 Model B, by i2c-bcm2835 and pinctrl-bcm2835', 'counts-100-hz'],
  ] as const)(
    'passes every check of guest/short.sh on %s, %s: %s',
    { timeout: LIMIT_MS },
    async (board, kernel, _about, lastCheck) => {
      await passOn({ board, kernel, script: 'short.sh' }, lastCheck);
    },
  );
});
