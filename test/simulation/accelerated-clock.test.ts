import { describe, expect, it } from 'vitest';
import { accelerated } from '../../src/simulation/scenario-clocks.ts';
import { clockContract } from '../contract/clock.ts';
import { createManualClock } from '../fakes/clock.ts';

clockContract('the accelerated clock', () => accelerated(createManualClock({ isAutomatic: true }), 10));

describe('the accelerated clock', () => {
  it('runs both its times faster, by whole milliseconds on the wall', async () => {
    const machine = createManualClock({ monotonicMs: 1_000.25 });
    const clock = accelerated(machine, 20);
    const wallMs = clock.wallMs();
    const monotonicMs = clock.monotonicMs();

    await machine.advance(100);

    expect(clock.monotonicMs() - monotonicMs).toBeCloseTo(2_000);
    expect(clock.wallMs() - wallMs).toBe(2_000);
    expect(Number.isInteger(clock.wallMs())).toBe(true);
  });

  it('is the clock itself at the speed of one', () => {
    const machine = createManualClock();

    expect(accelerated(machine, 1)).toBe(machine);
  });
});
