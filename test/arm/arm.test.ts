import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../vm/machine.ts';
import { resultsIn } from '../vm/service-machine.ts';
import { armFolder, runArmMachine } from './machine.ts';

const run = promisify(execFile);
const { version }: { version: string } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
/** Other suites run beside the machines and go first. */
const MACHINE_LIMIT_SECONDS = 2_400;
const LIMIT_MS = 2_500_000;

describe('the package for 64-bit ARM', () => {
  let folder: string;
  let debianPackage: string;

  beforeAll(async () => {
    await run(join(projectRoot, 'test/arm/make-machine.sh'), [armFolder], { maxBuffer: 2 ** 26 });
    folder = await mkdtemp(join(tmpdir(), 'arm-package-'));
    const npmPackage = join(projectRoot, `node_modules/.cache/weather-gateway-${version}.tgz`);
    await run(join(projectRoot, 'systemd/debian/build.sh'), [folder, npmPackage, 'arm64'], {
      maxBuffer: 2 ** 26,
    });
    debianPackage = join(folder, `weather-gateway_${version}_arm64.deb`);
  }, LIMIT_MS);
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['virt', 'arm64', 'a Cortex-A53 without crypto extensions, pages of 4 KiB'],
    ['virt', 'arm64-16k', 'a Cortex-A76 with pages of 16 KiB, as on a Pi 5'],
    ['raspi4b', 'arm64', 'the Raspberry Pi 4 Model B, by i2c-bcm2835 and pinctrl-bcm2835'],
  ] as const)(
    'passes every check of guest/package.sh on %s, %s: %s',
    { timeout: LIMIT_MS },
    async (board, kernel, _about) => {
      const limitSeconds = MACHINE_LIMIT_SECONDS;
      const machine = await runArmMachine({
        board,
        kernel,
        script: 'package.sh',
        debianPackage,
        limitSeconds,
      });
      const { checks, output } = resultsIn(machine.output);

      for (const line of output.match(/\b(UP|MEMORY) .*/g) ?? [])
        process.stdout.write(`${board} ${kernel}: ${line}\n`);
      expect(
        [...checks].filter(([, rest]) => rest !== 'ok'),
        output.slice(-4_000),
      ).toEqual([]);
      expect(checks.get('removes-data'), output.slice(-4_000)).toBe('ok');
    },
  );

  it('counts 2,000 pulses of 100 Hz at the Raspberry Pi 4 Model B under load', {
    timeout: LIMIT_MS,
  }, async () => {
    const { status, output } = await runArmMachine({
      ...{ board: 'raspi4b', kernel: 'arm64', script: 'pulses.sh' },
      ...{ debianPackage, limitSeconds: MACHINE_LIMIT_SECONDS },
    });

    expect({ status, output: output.slice(-2_000) }).toMatchObject({ status: 0 });
    expect(output).toContain('PULSES 2000,');
  });
});
