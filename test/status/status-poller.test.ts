import { describe, expect, it } from 'vitest';
import type { OutboxRecord } from '../../src/outbox/records.ts';
import { StatusPoller } from '../../src/status/status-poller.ts';
import { WriteBudget } from '../../src/store/write-budget.ts';
import type { Instant, Stamp } from '../../src/weather/reading.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { instantAt, timeOf } from '../fakes/outbox-bodies.ts';

describe('what a status has to poll for', () => {
  const pair = {
    certificate: '',
    privateKey: '',
    fingerprint: '',
    validFromMs: Date.UTC(2026, 0, 1),
    validToMs: Date.UTC(2026, 6, 1),
    certificateFile: 'device.pem',
  };

  const start = (waiting: OutboxRecord[]) => {
    const clock = createManualClock({ wallMs: Date.UTC(2026, 5, 1) });
    const log = createRecordingLog();
    const disk = { writtenBytes: 4096 };
    const stop = new AbortController();
    const poller = new StatusPoller({
      credentials: { current: () => pair },
      writeBudget: new WriteBudget({
        budgetMegabytes: 1,
        log,
        writtenBytes: () => disk.writtenBytes,
        wallMs: () => clock.wallMs(),
      }),
      clock,
      outbox: { oldest: () => Promise.resolve(waiting[0] ?? null) },
      timeOf,
      timeKeeper: {
        now: (): Instant => ({ ...instantAt(0), wallMs: clock.wallMs() }),
        stampOf: ({ wallMs }): Stamp => ({ wallMs, timequality: 'synced' }),
      },
    });
    const running = poller.run(stop.signal);
    const end = (): Promise<void> => {
      stop.abort();
      return running;
    };
    return { clock, disk, log, poller, end };
  };

  it('know nothing before the first look', async () => {
    const { poller, end } = start([]);

    expect(poller.current()).toEqual({
      oldestAgeSeconds: null,
      certificateDaysLeft: null,
      writtenTodayBytes: 0,
    });
    await end();
  });

  it('tell how old the oldest waiting reading is, and how long the certificate is valid', async () => {
    const { clock, poller, end } = start([{ epoch: 'A', seq: 7, body: { at: { ...instantAt(0) } } }]);

    await clock.untilSleeping();
    await clock.advance(5_000);
    await clock.untilSleeping();

    expect(poller.current()).toEqual({
      oldestAgeSeconds: 5,
      certificateDaysLeft: 29,
      writtenTodayBytes: 4096,
    });
    await end();
  });

  it('make up no age where nothing waits', async () => {
    const { clock, poller, end } = start([]);

    await clock.untilSleeping();

    expect(poller.current()).toEqual({
      oldestAgeSeconds: null,
      certificateDaysLeft: 30,
      writtenTodayBytes: 4096,
    });
    await end();
  });

  it('warn within seconds when more was written today than the budget allows', async () => {
    const { clock, disk, log, poller, end } = start([]);
    await clock.untilSleeping();
    disk.writtenBytes = 1_000_001;
    await clock.advance(5_000);
    await clock.untilSleeping();

    expect(poller.current().writtenTodayBytes).toBe(1_000_001);
    expect(log.lines('warn')).toMatchObject([{ bytesToday: 1_000_001, budgetMegabytes: 1 }]);
    await end();
  });
});
