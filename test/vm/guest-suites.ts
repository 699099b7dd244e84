import { expect } from 'vitest';
import { runMachine } from './machine.ts';

/** Other suites run beside a machine and go first. */
const LIMIT_SECONDS = 2_400;
/** For the test: the machine, and what comes before it. */
export const MACHINE_LIMIT_MS = 2_500_000;

export type GuestSuites = {
  /** Files of test/vm/guest, as vitest takes them; all of them when empty. */
  readonly names: readonly string[];
  readonly isSingleCore: boolean;
};

/** Runs suites inside a machine with the chips; resolves with what was printed once all of them passed. */
export const passInMachine = async ({ names, isSingleCore }: GuestSuites): Promise<string> => {
  const config = '--config test/vm/guest.vitest.config.ts --reporter=dot';
  const { status, output } = await runMachine({
    script: `
      set -eo pipefail
      . test/vm/hardware.sh
      node node_modules/vitest/vitest.mjs run ${config} ${names.join(' ')} 2>&1 | cat`,
    isTimeVirtual: true,
    isSingleCore,
    limitSeconds: LIMIT_SECONDS,
  });
  expect(status, output).toBe(0);
  return output;
};

/** What the suite of the pulses printed; it goes to the terminal as well. */
export const pulsesIn = (output: string): string => {
  const [pulses = ''] = /^pulses: .*$/m.exec(output) ?? [];
  console.info(pulses);
  return pulses;
};
