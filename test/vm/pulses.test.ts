import { describe, expect, it } from 'vitest';
import { MACHINE_LIMIT_MS, passInMachine, pulsesIn } from './guest-suites.ts';

describe('the pulses of a busy minute, on two cores', () => {
  it(
    'are counted',
    async () => {
      const output = await passInMachine({ names: ['pulses'], isSingleCore: false });

      expect(pulsesIn(output)).toContain('"cores":2');
    },
    MACHINE_LIMIT_MS,
  );
});
