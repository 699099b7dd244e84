import { describe, expect, it } from 'vitest';
import { passInMachine } from './guest-suites.ts';

describe('the pulses of a minute on a busy machine', () => {
  it.each([1, 2])(
    'are counted, with cores: %i',
    async (cores) => {
      const output = await passInMachine({ names: ['pulses'], isSingleCore: cores === 1 });

      const pulses = /^pulses: .*$/m.exec(output)?.[0];
      console.info(pulses);
      expect(pulses).toContain(`"cores":${cores}`);
    },
    900_000,
  );
});
