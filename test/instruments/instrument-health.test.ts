import { describe, expect, it } from 'vitest';
import { InstrumentHealth, SensorError } from '../../src/instruments/instrument-health.ts';
import { createRecordingLog } from '../fakes/log.ts';

const setUp = () => {
  const log = createRecordingLog();
  return {
    log,
    health: new InstrumentHealth({
      name: 'bme280',
      title: 'BME280, air',
      log,
      datetime: () => '2026-06-01 00:00:00',
    }),
  };
};

const missing = () => Promise.reject(new SensorError('missing', 'no answer at 0x76'));

describe('the health of an instrument', () => {
  it('is waiting before the first attempt', () => {
    expect(setUp().health.status()).toEqual({
      name: 'bme280',
      title: 'BME280, air',
      state: 'waiting',
      errors: 0,
      lastFault: null,
    });
  });

  it('hands on the value of a working one and logs nothing', async () => {
    const { health, log } = setUp();

    expect(await health.attempt(() => Promise.resolve(25))).toEqual({ value: 25 });
    expect(health.status().state).toBe('ok');
    expect(log.lines()).toEqual([]);
  });

  it('logs a fault when it begins and when it ends, and counts each failed attempt', async () => {
    const { health, log } = setUp();
    for (let attempt = 0; attempt < 5; attempt += 1) await health.attempt(missing);
    expect(health.status().state).toBe('failing');
    await health.attempt(() => Promise.resolve(1));

    expect(log.lines().map(({ message }) => message)).toEqual([
      'the instrument gives no value',
      'the instrument works again',
    ]);
    expect(health.status()).toEqual({
      name: 'bme280',
      title: 'BME280, air',
      state: 'ok',
      errors: 5,
      lastFault: { code: 'missing', message: 'no answer at 0x76', datetime: '2026-06-01 00:00:00' },
    });
  });

  it('logs again when the fault changes its kind', async () => {
    const { health, log } = setUp();
    await health.attempt(missing);
    await health.attempt(() => Promise.reject(new SensorError('wrong-chip', 'id 0x58')));

    expect(log.lines('warn').map(({ code }) => code)).toEqual(['missing', 'wrong-chip']);
  });

  it('lets a bug through', async () => {
    await expect(setUp().health.attempt(() => Promise.reject(new TypeError('a bug')))).rejects.toThrow(
      'a bug',
    );
  });
});
