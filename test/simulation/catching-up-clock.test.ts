import { describe, expect, it } from 'vitest';
import { catchingUp } from '../../src/simulation/scenario-clocks.ts';
import { clockContract } from '../contract/clock.ts';
import { createManualClock } from '../fakes/clock.ts';

const AT_MS = Date.UTC(2026, 5, 1);
const lag = { atMs: AT_MS, byMs: 86_400_000, speed: 721 };
const CATCHES_UP_AFTER_MS = 120_000;

clockContract('the clock that catches up', () =>
  catchingUp(createManualClock({ isAutomatic: true, wallMs: AT_MS }), lag),
);

describe('the clock that catches up', () => {
  const startAt = (wallMs: number) => {
    const machine = createManualClock({ wallMs, monotonicMs: 5_000 + wallMs - AT_MS });
    return { machine, clock: catchingUp(machine, lag) };
  };

  it('is behind at first, then gains, then keeps the time of the machine', async () => {
    const { machine, clock } = startAt(AT_MS);
    expect(clock.wallMs()).toBe(AT_MS - lag.byMs);

    await machine.advance(CATCHES_UP_AFTER_MS / 2);
    expect(clock.wallMs() - machine.wallMs()).toBe(-lag.byMs / 2);

    await machine.advance(CATCHES_UP_AFTER_MS);
    expect(clock.wallMs()).toBe(machine.wallMs());
  });

  it('never steps: what it shows on the wall and what has passed differ by the same all the time', async () => {
    const { machine, clock } = startAt(AT_MS);
    const offsetMs = clock.wallMs() - clock.monotonicMs();

    for (let minute = 0; minute < 4; minute += 1) {
      await machine.advance(60_000);
      expect(clock.wallMs() - clock.monotonicMs()).toBeCloseTo(offsetMs, 0);
    }
  });

  it('goes on where it was when the daemon starts anew', async () => {
    const { machine, clock } = startAt(AT_MS);
    await machine.advance(30_000);

    const { clock: startedAnew } = startAt(AT_MS + 30_000);

    expect(startedAnew.wallMs()).toBe(clock.wallMs());
    expect(startedAnew.monotonicMs()).toBeCloseTo(clock.monotonicMs());
  });

  it('sleeps shorter while it is behind, and over the moment at which it has caught up', async () => {
    const { machine, clock } = startAt(AT_MS);
    let isAwake = false;
    const sleeping = clock.sleep(721_000).then(() => {
      isAwake = true;
    });
    await machine.advance(999);
    expect(isAwake).toBe(false);
    await machine.advance(1);
    await sleeping;

    await machine.advance(CATCHES_UP_AFTER_MS - 2_000);
    const startMs = clock.monotonicMs();
    const lastSleep = clock.sleep(721_000 + 5_000);
    await machine.advance(6_000);
    await lastSleep;
    expect(clock.monotonicMs() - startMs).toBeCloseTo(726_000);
  });

  it('stays behind at the speed of one', async () => {
    const machine = createManualClock({ wallMs: AT_MS });
    const clock = catchingUp(machine, { ...lag, speed: 1 });
    const sleeping = clock.sleep(60_000);

    await machine.advance(60_000);
    await sleeping;

    expect(clock.wallMs()).toBe(machine.wallMs() - lag.byMs);
  });
});
