import { beforeEach, describe, expect, it } from 'vitest';
import { TippingBucket } from '../../src/instruments/rain-gauge/rain-gauge.ts';
import { StorageFullError } from '../../src/store/store.ts';
import { createRecordingLog, type RecordingLog } from '../fakes/log.ts';
import { createFakeSavedState, type FakeSavedState } from '../fakes/saved-state.ts';

describe('the tipping bucket', () => {
  let outbox: FakeSavedState;
  let log: RecordingLog;

  beforeEach(() => {
    outbox = createFakeSavedState();
    log = createRecordingLog();
  });

  const open = () => TippingBucket.open({ mmPerTip: 0.2794, lockoutMs: 150, outbox, log });

  it('reports the tips of the interval', async () => {
    const gauge = await open();
    for (const atMs of [1_000, 3_000, 9_000]) gauge.noteEdge(atMs, 0);

    const rain = gauge.close(12_000);
    rain.settle();

    expect(rain.mm).toBeCloseTo(3 * 0.2794, 9);
    expect(gauge.close(24_000).mm).toBe(0);
  });

  it('leaves a tip after the end of the interval to the next reading', async () => {
    const gauge = await open();
    gauge.noteEdge(11_900, 0);
    gauge.noteEdge(12_100, 0);

    const first = gauge.close(12_000);
    first.settle();

    expect([first.mm, gauge.close(24_000).mm]).toEqual([0.2794, 0.2794]);
  });

  it('says when tips came faster than a bucket can move', async () => {
    const gauge = await open();
    const isTooFast = (untilMs: number): boolean => {
      const rain = gauge.close(untilMs);
      rain.settle();
      return rain.isTooFast;
    };
    for (const atMs of [1_000, 1_500, 2_000, 2_149]) gauge.noteEdge(atMs, 0);
    expect(isTooFast(12_000)).toBe(false);

    for (const atMs of [11_900, 12_318]) gauge.noteEdge(atMs, 0);
    expect([isTooFast(12_000), isTooFast(24_000), isTooFast(36_000)]).toEqual([false, true, false]);
  });

  it.each([
    [0.01, 100],
    [0.1, 400],
    [0.2794, 1_000],
  ])('takes tips of %f mm at %i mm/h for rain', async (mmPerTip, mmPerHour) => {
    const gauge = await TippingBucket.open({ mmPerTip, lockoutMs: 10, outbox, log });
    const gapMs = (3_600_000 * mmPerTip) / mmPerHour;
    for (let tip = 0; tip < 20; tip += 1) gauge.noteEdge(1_000 + tip * gapMs, 0);

    expect(gauge.close(1_000 + 20 * gapMs)).toMatchObject({
      mm: expect.closeTo(20 * mmPerTip, 9),
      isTooFast: false,
    });
  });

  it('tells what fell between two readings, which report it all the same', async () => {
    outbox = createFakeSavedState({ rainTips: 3, rainReported: 2 });
    const gauge = await open();
    for (const atMs of [1_000, 11_600, 11_900, 12_100]) gauge.noteEdge(atMs, 0);

    expect(gauge.closeInterim(12_000)).toEqual({ mm: 4 * 0.2794, isTooFast: true });
    gauge.close(13_000).settle();
    expect(gauge.closeInterim(24_000)).toEqual({ mm: 0.2794, isTooFast: true });
    expect(gauge.closeInterim(36_000)).toEqual({ mm: 0, isTooFast: false });
    expect(gauge.close(36_000).mm).toBe(0);
  });

  it('saves each tip when it happens', async () => {
    const gauge = await open();
    gauge.noteEdge(1_000, 0);
    await gauge.save();
    expect(outbox.entries.get('rainTips')).toBe(1);

    gauge.noteEdge(2_000, 0);
    gauge.noteEdge(3_000, 0);
    await gauge.save();

    expect(outbox.entries.get('rainTips')).toBe(3);
  });

  it('reports again what was not stored', async () => {
    const gauge = await open();
    gauge.noteEdge(1_000, 0);
    gauge.close(12_000);
    gauge.noteEdge(13_000, 0);

    expect(gauge.close(24_000).mm).toBeCloseTo(2 * 0.2794, 9);
  });

  it('goes on after a restart where it was, tips that no reading reported included', async () => {
    const before = await open();
    for (const atMs of [1_000, 2_000]) before.noteEdge(atMs, 0);
    await outbox.putState(before.close(12_000).state);
    before.noteEdge(13_000, 0);
    await before.save();

    const after = await open();

    expect(after.tips).toBe(3);
    expect(after.close(1_000).mm).toBeCloseTo(0.2794, 9);
  });

  it('never goes back, even when a reading was stored and its tips were not', async () => {
    const before = await open();
    outbox.failure = new StorageFullError('no space left');
    for (const atMs of [1_000, 2_000]) before.noteEdge(atMs, 0);
    await before.save();
    outbox.failure = null;
    await outbox.putState(before.close(12_000).state);

    const after = await open();

    expect([after.tips, after.close(1_000).mm]).toEqual([2, 0]);
  });

  it('a tip that is saved while a reading is stored does not undo it', async () => {
    const before = await open();
    before.noteEdge(1_000, 0);
    const rain = before.close(12_000);
    before.noteEdge(12_500, 0);
    await Promise.all([outbox.putState(rain.state), before.save()]);

    expect((await open()).close(1_000).mm).toBeCloseTo(0.2794, 9);
  });

  it('loses no tip when saving fails, says so once, and saves it later', async () => {
    const gauge = await open();
    outbox.failure = new StorageFullError('no space left');
    for (const atMs of [1_000, 2_000, 3_000]) {
      gauge.noteEdge(atMs, 0);
      await gauge.save();
    }
    outbox.failure = null;
    await gauge.save();
    await gauge.save();

    expect(outbox.entries.get('rainTips')).toBe(3);
    expect(log.lines().map(({ message }) => message)).toEqual([
      'the rain total was not saved',
      'the rain total is saved again',
    ]);
  });

  it.each(['three', -1, 1.5, null])('begins at 0 where %o was saved, and says so', async (value) => {
    outbox = createFakeSavedState({ rainTips: value, rainReported: 0 });
    const gauge = await open();

    expect(gauge.tips).toBe(0);
    expect(log.lines('warn')).toHaveLength(value === null ? 0 : 1);
  });

  it('counts no contact bounce', async () => {
    const gauge = await open();
    for (const atMs of [1_000, 1_001, 1_060, 1_100]) gauge.noteEdge(atMs, 0);

    expect(gauge.tips).toBe(1);
  });
});
