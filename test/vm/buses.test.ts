import { describe, expect, it } from 'vitest';
import { MACHINE_LIMIT_MS, passInMachine, pulsesIn } from './guest-suites.ts';

describe('the buses of a real kernel, on one core', () => {
  it(
    'keep to the contracts of the fakes, with the outputs of pre-alerts, the pulses of a busy minute and a first configuration',
    async () => {
      const output = await passInMachine({
        names: ['buses', 'pre-alert', 'pulses', 'setup'],
        isSingleCore: true,
      });

      expect(pulsesIn(output)).toContain('"cores":1');
    },
    MACHINE_LIMIT_MS,
  );
});
