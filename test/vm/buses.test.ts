import { describe, expect, it } from 'vitest';
import { runMachine } from './machine.ts';

describe('the buses of a real kernel', () => {
  it('keep to the contracts of the fakes, and lose no pulse', async () => {
    const { status, output } = await runMachine({
      script: `
        set -eo pipefail
        . test/vm/hardware.sh
        node node_modules/vitest/vitest.mjs run --config test/vm/guest.vitest.config.ts --reporter=dot 2>&1 | cat`,
      isTimeVirtual: true,
      isSingleCore: true,
      limitSeconds: 840,
    });

    expect(status, output).toBe(0);
    const pulses = /^pulses: .*$/m.exec(output)?.[0];
    console.info(pulses);
    expect(pulses).toBeDefined();
  }, 900_000);
});
