import { describe, expect, it } from 'vitest';
import type { OutboxRecord } from '../../src/outbox/records.ts';
import { StatusPoller, statusLine } from '../../src/status/gateway-status.ts';
import { roomSeconds } from '../../src/status/status.ts';
import { WriteBudget } from '../../src/store/write-budget.ts';
import type { Instant, Stamp } from '../../src/weather/reading.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { instantAt, timeOf } from '../fakes/outbox-bodies.ts';

const room = (waiting: number, waitingBytes: number) =>
  roomSeconds({
    intervalSeconds: 12,
    outbox: { lanes: { reading: { waiting, waitingBytes } }, maxBytes: 10_000 },
  });

it('tells how long readings of this size fit in before the oldest have to go', () => {
  expect(room(5, 2_000)).toBe(20 * 12);
  expect(room(1, 10_000)).toBe(0);
  expect(room(30, 12_000)).toBe(0);
});

it('does not know while none waits', () => {
  expect(room(0, 0)).toBeNull();
});

it('says in one line what systemctl shows, and who knows more where something fails', () => {
  const counts = '1042 readings taken, 1042 delivered, 0 waiting';
  const { instruments } = createGatewayStatus();
  const away = {
    state: 'disconnected',
    reason: 'no route',
    sinceSeconds: 9,
    reconnects: 0,
    problem: null,
  } as const;

  expect(statusLine(createGatewayStatus())).toBe(`${counts}; link connected`);
  expect(
    statusLine(
      createGatewayStatus({
        link: away,
        instruments: instruments.map((each, index) => (index < 2 ? { ...each, state: 'failing' } : each)),
        health: { isHealthy: false, reason: 'no sample was taken in time' },
      }),
    ),
  ).toBe(
    `${counts}; link disconnected; no value from bme280, windVane; no sample was taken in time; ` +
      'sudo weather-gateway doctor says what to do',
  );
});

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
        clock,
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
