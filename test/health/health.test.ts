import { describe, expect, it } from 'vitest';
import { healthMessage, healthReport, publicText } from '../../src/health/health.ts';
import type { Stamp } from '../../src/weather/reading.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';

const stamp: Stamp = { wallMs: Date.UTC(2026, 5, 1, 12), timequality: 'synced' };
const usual = createGatewayStatus();

const statesOf = (changes: Parameters<typeof createGatewayStatus>[0], at = stamp): string | undefined =>
  healthReport(createGatewayStatus(changes), at)?.states;

describe('the message about the health of the station', () => {
  it('names what does not work, in texts that any table holds', () => {
    const [bme280, ...others] = usual.instruments;
    if (bme280 === undefined || usual.latest === null) throw new Error('the usual kit measures');
    const lastFault = { code: 'bus', message: 'no answer at 0x76', datetime: '2026-06-01 11:58:00' };
    const status = createGatewayStatus({
      instruments: [{ ...bme280, state: 'failing', errors: 3, lastFault }, ...others],
      latest: { ...usual.latest, quality: { winddirection: 'suspect:stuck' } },
      storeReport: 'the store was damaged and has been repaired: bad checksum',
      link: { ...usual.link, problem: 'another client uses this id' },
    });

    expect(healthMessage(status, stamp)).toMatchObject({
      schema: 1,
      instruments: { bme280: 'failing', windVane: 'ok', anemometer: 'ok', rainGauge: 'ok' },
      failing: 1,
      faults: { bme280: '2026-06-01 11:58:00 bus: no answer at 0x76' },
      doubted: { winddirection: 'suspect:stuck' },
      store: 'the store was damaged and has been repaired: bad checksum',
      problem: 'another client uses this id',
      refused: { prealert: 'not authorized (0x87)' },
    });
  });

  it('has no key for what the machine does not tell', () => {
    const { payload = '' } = healthReport(createGatewayStatus({ machine: {} }), stamp) ?? {};
    const keys = Object.keys(JSON.parse(payload));
    expect(keys).not.toEqual(expect.arrayContaining(['load']));
    expect(keys.filter((key) => /voltage|throttled|wifi|free|temperature|load/.test(key))).toEqual([]);
  });

  it('waits for the first reading, but no longer than a minute', () => {
    const early = { latest: null, uptimeSeconds: 59 };
    expect(healthMessage(createGatewayStatus(early), stamp)).toBeNull();
    expect(healthMessage(createGatewayStatus({ ...early, uptimeSeconds: 60 }), stamp)).not.toBeNull();
  });

  it('has news when a state changes, and none when a number does', () => {
    const { machine, link, instruments, outbox, runs, latest } = usual;
    const lane = { ...outbox.lanes.reading, waiting: 17 };
    const numbers = {
      uptimeSeconds: 1e6,
      certificateDaysLeft: 3,
      suspectedMissedPulses: 9,
      writtenTodayBytes: 7,
      machine: { ...machine, load: 3, temperatureCelsius: 80, freeDiskBytes: 1, wifiSignalDbm: -90 },
      link: { ...link, reconnects: 99, sinceSeconds: 1 },
      outbox: { ...outbox, lanes: { ...outbox.lanes, reading: lane } },
      refusedLanes: usual.refusedLanes.map((refusal) => ({ ...refusal, attempts: 99, reason: 'other' })),
      runs: { ...runs, boots: 99 },
    };
    const told = statesOf({});
    expect(statesOf(numbers)).toBe(told);
    const states = [
      { machine: { ...machine, isUnderVoltage: true } },
      { machine: { ...machine, isThrottled: true } },
      { instruments: instruments.map((each) => ({ ...each, state: 'failing' as const })) },
      { latest: latest && { ...latest, quality: { humidity: 'suspect:stuck' } } },
      { storeReport: 'damaged' },
      { link: { ...link, problem: 'another client uses this id' } },
      { refusedLanes: [] },
    ];
    for (const change of states) expect(statesOf(change)).not.toBe(told);
    expect(statesOf({}, { ...stamp, timequality: 'estimated' })).not.toBe(told);
  });

  it('tells no address and no password, whatever a fault or a broker says', () => {
    const planted = [
      ...['192.168.7.13:8883', 'fe80::ba27:ebff:fe12:3456', '2001:db8:0:0:1:2:3:4', 'b8:27:eb:12:34:56'],
      ...['https://user:pa55word@proxy/path', 'mast7.example.org', 'station.local:1883'],
    ];
    const text = `it said ${planted.join(', ')} at 09:42:05`;
    const status = createGatewayStatus({
      storeReport: text,
      link: { ...usual.link, problem: text },
      instruments: usual.instruments.map((instrument) => ({
        ...instrument,
        lastFault: { code: 'bus', message: text, datetime: '2026-06-01 11:58:00' },
      })),
      refusedLanes: usual.refusedLanes.map((refusal) => ({ ...refusal, reason: text })),
    });
    const { payload = '' } = healthReport(status, stamp) ?? {};

    for (const secret of [...planted, 'pa55word']) expect(payload).not.toContain(secret);
    expect(publicText(text)).toMatch(/^it said (\(address\),? ){7}at 09:42:05$/);
  });

  it('keeps a text to one line of 300 characters, and whole ones', () => {
    expect(publicText('a\n\u0000b')).toBe('a b');
    expect([...publicText('🌧'.repeat(400))].length).toBe(300);
    expect(publicText('0x76 on i2c-1 said 28-00000a: 3.3 V at 09:42:05')).toBe(
      '0x76 on i2c-1 said 28-00000a: 3.3 V at 09:42:05',
    );
  });

  it('stays far below the 5 KB that IoT Core meters, with every instrument failing', () => {
    const message = 'x'.repeat(300);
    const lastFault = { code: 'bus', message, datetime: '2026-06-01 11:58:00' };
    const instruments = Array.from({ length: 10 }, (_, n) => ({
      name: `kernel.sensor-${n}`,
      title: 'a sensor',
      state: 'failing' as const,
      errors: 9,
      lastFault,
    }));
    const { payload = '' } = healthReport(createGatewayStatus({ instruments }), stamp) ?? {};
    expect(payload.length).toBeLessThan(5_120);
  });
});
