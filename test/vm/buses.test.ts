import { describe, it } from 'vitest';
import { passInMachine } from './guest-suites.ts';

describe('the buses of a real kernel', () => {
  it('keep to the contracts of the fakes, with the outputs of pre-alerts', async () => {
    await passInMachine({ names: ['buses', 'pre-alert'], isSingleCore: true });
  }, 900_000);
});
