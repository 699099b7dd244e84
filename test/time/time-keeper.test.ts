import { describe, expect, it } from 'vitest';
import type { JsonValue, StateChanges } from '../../src/outbox/records.ts';
import { TimeKeeper } from '../../src/time/time-keeper.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';

const YEAR_MS = 365 * 24 * 3_600_000;

const setUp = () => {
  const clock = createManualClock({ wallMs: Date.UTC(2020, 0, 1) });
  const log = createRecordingLog();
  const state = new Map<string, JsonValue>();
  const truth = { wasSet: false, isKept: false, fails: false };
  const outbox = {
    getState: (key: string) => Promise.resolve(state.get(key)),
    putState: (changes: StateChanges) => {
      if (truth.fails) return Promise.reject(new Error('disk full'));
      for (const [key, value] of Object.entries(changes)) state.set(key, value);
      return Promise.resolve();
    },
  };
  const keeper = (bootId: string) =>
    new TimeKeeper({
      bootId,
      clock,
      log,
      outbox,
      synchronization: {
        wasSynchronizedInThisBoot: () => Promise.resolve(truth.wasSet),
        isSynchronized: () => Promise.resolve(truth.isKept),
      },
    });
  const look = async (on: TimeKeeper, seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      await clock.advance(1_000);
      await on.look();
    }
  };
  return { clock, log, state, truth, keeper, look };
};

describe('the time keeper', () => {
  it('corrects what was taken before NTP set the clock', async () => {
    const { clock, keeper, look, truth } = setUp();
    const time = keeper('a');
    await time.open();
    const early = time.now();
    await look(time, 10);

    clock.stepWall(6 * YEAR_MS);
    truth.wasSet = true;
    await look(time, 16);

    expect(early.synchronized).toBe(false);
    expect(time.now().synchronized).toBe(true);
    expect(time.stampOf(early)).toEqual({ wallMs: early.wallMs + 6 * YEAR_MS, timequality: 'corrected' });
    expect(time.status()).toEqual({ isSynchronized: true, steps: 1 });
  });

  it('dates readings of a boot that was noted twice, as after a start on a full disk', async () => {
    const { keeper, state } = setUp();
    const boot = { bootId: 'a', believedOffsetMs: 1_000, firstMonotonicMs: 0, lastMonotonicMs: 5 };
    const of = (bootId: string, synchronizedOffsetMs: number | null) => ({
      ...boot,
      bootId,
      synchronizedOffsetMs,
    });
    state.set('boots', [of('old', 7_000), of('a', null), of('a', 9_000), of('old', null)]);
    const time = keeper('b');
    await time.open();
    const stampIn = (bootId: string) =>
      time.stampOf({ bootId, monotonicMs: 1, wallMs: 1, synchronized: false });

    expect([stampIn('a'), stampIn('old')]).toEqual([
      { wallMs: 9_001, timequality: 'corrected' },
      { wallMs: 7_001, timequality: 'corrected' },
    ]);
  });

  it('does not believe a step that nobody vouches for, and dates readings by what it knew before', async () => {
    const { clock, keeper, look, truth } = setUp();
    truth.wasSet = true;
    const time = keeper('a');
    await time.open();
    const rightMs = clock.wallMs();

    clock.stepWall(-YEAR_MS);
    const reading = time.now();
    await look(time, 60);

    expect(reading.synchronized).toBe(false);
    expect(time.stampOf(reading)).toEqual({ wallMs: rightMs, timequality: 'corrected' });
    truth.isKept = true;
    await look(time, 16);
    expect(time.now().synchronized).toBe(true);
  });

  it('logs a step once, with its size', async () => {
    const { clock, keeper, look, log } = setUp();
    const time = keeper('a');
    await time.open();

    clock.stepWall(60_000);
    await look(time, 5);

    expect(log.lines('warn')).toEqual([
      { bySeconds: 60, wasSynchronized: false, message: 'the clock stepped' },
    ]);
  });

  it('takes being held up between the two clocks for no step', async () => {
    const { clock, keeper, truth } = setUp();
    truth.wasSet = true;
    const time = keeper('a');
    await time.open();
    const { wallMs } = clock;
    Reflect.set(clock, 'wallMs', () => {
      Reflect.set(clock, 'wallMs', wallMs);
      const readMs = wallMs();
      clock.stall(3_000);
      return readMs;
    });

    const held = time.now();

    expect(held.synchronized).toBe(true);
    expect(held.wallMs - held.monotonicMs).toBe(clock.wallMs() - clock.monotonicMs());
    expect(time.status().steps).toBe(0);
  });

  it('remembers earlier boots across restarts', async () => {
    const { clock, keeper, truth } = setUp();
    truth.wasSet = true;
    const first = keeper('a');
    await first.open();
    const endMs = clock.wallMs();
    truth.wasSet = false;
    clock.stepWall(-YEAR_MS);

    const second = keeper('b');
    await second.open();

    expect(second.stampOf(second.now())).toEqual({ wallMs: endMs, timequality: 'estimated' });
  });

  it('goes on without what it cannot read or save, and says so', async () => {
    const { keeper, log, state, truth } = setUp();
    state.set('boots', 'garbage');
    truth.fails = true;

    await keeper('a').open();

    expect(log.lines('warn').map(({ message }) => message)).toEqual([
      'what was known of earlier boots cannot be read and is forgotten',
      'what is known of this boot was not saved',
    ]);
  });

  it('looks every five seconds until it is told to stop', async () => {
    const { clock, keeper, log } = setUp();
    const time = keeper('a');
    await time.open();
    const stop = new AbortController();
    const running = time.run(stop.signal);
    clock.stepWall(10_000);
    await clock.advance(5_000);
    stop.abort();
    await running;

    expect(log.lines('warn')).toHaveLength(1);
  });
});
