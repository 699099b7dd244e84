import { describe, expect, it } from 'vitest';
import { Recorder } from '../../src/measuring/recorder.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { StorageFullError } from '../../src/store/store.ts';
import type { Measurement, RawMeasurement } from '../../src/weather/reading.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { rawAt } from '../fakes/measurements.ts';
import { openOutboxForTest } from '../fakes/outbox-bodies.ts';
import { createFakeDisk } from '../fakes/store.ts';

const setUp = async (append?: Outbox['append']) => {
  const clock = createManualClock();
  const disk = createFakeDisk();
  const outbox = await openOutboxForTest(disk.open(), { maxBytes: 1_000_000 });
  const log = createRecordingLog();
  const told: string[] = [];
  const commitsSeconds: number[] = [];
  const recorder = new Recorder({
    deviceid: '1',
    quality: { check: ({ at, values, faults }: RawMeasurement) => ({ at, values, quality: faults }) },
    outbox: append === undefined ? outbox : { append },
    history: {
      append: ({ values }: Measurement) => {
        told.push(`history ${values.temperature}`);
        return Promise.resolve();
      },
    },
    progress: {
      noteStored: () => told.push('stored'),
      noteUnstored: () => told.push('unstored'),
    },
    clock,
    timeKeeper: { stampOf: ({ wallMs }) => ({ wallMs, timequality: 'synced' }) },
    log,
    preAlerts: {
      stateToKeep: () => ({ preAlerts: 'as they are' }),
      decide: ({ values }) => {
        told.push(`decided ${values.temperature}`);
        return Promise.resolve();
      },
    },
    uplink: { notify: () => told.push('sent for') },
    metrics: { observeCommit: (seconds) => commitsSeconds.push(seconds) },
  });
  return { clock, disk, outbox, log, told, commitsSeconds, recorder };
};

describe('the recorder', () => {
  it('stores a reading together with the state that belongs to it', async () => {
    const { outbox, recorder, commitsSeconds } = await setUp();

    expect(await recorder.deliver(rawAt(12), { rain: 7 })).toBe(true);

    expect(await outbox.oldest('reading')).toMatchObject({
      seq: 1,
      body: { values: { temperature: 15 }, quality: {} },
    });
    expect(await outbox.getState('rain')).toBe(7);
    expect(await outbox.getState('preAlerts')).toBe('as they are');
    expect(commitsSeconds).toHaveLength(1);
  });

  it('lets pre-alerts, history and uplink follow, in this order', async () => {
    const { recorder, told } = await setUp();

    await recorder.deliver(rawAt(12), {});

    expect(told).toEqual(['stored', 'decided 15', 'history 15', 'sent for']);
  });

  it('shows the newest reading as the cloud will see it, and its age', async () => {
    const { clock, recorder } = await setUp();
    expect(recorder.latest()).toBeNull();
    expect(recorder.latestAgeSeconds()).toBeNull();

    await recorder.deliver(rawAt(1, { humidity: null }, { humidity: 'missing:bus' }), {});
    await clock.advance(3_000);

    expect(recorder.latest()).toMatchObject({
      deviceid: '1',
      seq: 1,
      datetime: '2026-06-01 00:00:01',
      humidity: null,
      quality: { humidity: 'missing:bus' },
    });
    expect(recorder.latestAgeSeconds()).toBe(3);
  });

  it('lets readings be sent that a full disk did not take, and logs the change alone', async () => {
    const { disk, log, recorder, told } = await setUp();
    disk.setFull(true);

    expect(await recorder.deliver(rawAt(12), {})).toBe(true);
    expect(await recorder.deliver(rawAt(24), {})).toBe(true);

    const unstored = ['unstored', 'decided 15', 'history 15', 'sent for'];
    expect(told).toEqual([...unstored, ...unstored]);
    expect(recorder.unstored()).toBe(2);
    expect(log.lines('error')).toHaveLength(1);

    disk.setFull(false);
    expect(await recorder.deliver(rawAt(36), {})).toBe(true);
    expect(log.lines('info')).toMatchObject([{ unstored: 2, message: 'readings are stored again' }]);
    expect(recorder.latest()?.seq).toBe(3);
  });

  it('says no where nothing is kept in memory any more, and decides all the same', async () => {
    const { recorder, told } = await setUp(() => Promise.reject(new StorageFullError('too much')));

    expect(await recorder.deliver(rawAt(12), {})).toBe(false);

    expect(told).toEqual(['unstored', 'decided 15']);
  });

  it('does not hide a bug', async () => {
    const { recorder } = await setUp(() => Promise.reject(new Error('a bug')));

    await expect(recorder.deliver(rawAt(12), {})).rejects.toThrow('a bug');
  });
});
