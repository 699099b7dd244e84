import { expect } from 'vitest';
import { runMachine } from './machine.ts';

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
    limitSeconds: 840,
  });
  expect(status, output).toBe(0);
  return output;
};
