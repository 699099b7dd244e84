import { describe, expect, it } from 'vitest';
import { formatDatetime, readingMessage, topicsOf } from '../../src/weather/message.ts';

describe('the messages of the contract', () => {
  it('writes a reading with the keys of the contract, in its order', () => {
    const message = readingMessage(
      { deviceid: '1', epoch: '01JX', seq: 1042 },
      {
        at: { bootId: 'b', monotonicMs: 1, wallMs: 2, synchronized: true },
        values: {
          temperature: 33.1,
          humidity: 85.2,
          winddirection: 304,
          windintensity: 75.3,
          windgust: 88.8,
          rainheight: 0.5588,
          pressure: 1006.5,
        },
        quality: {},
      },
      { wallMs: Date.UTC(2020, 4, 11, 9, 42, 5, 999), timequality: 'synced' },
    );

    expect(JSON.stringify(message)).toBe(
      '{"deviceid":"1","datetime":"2020-05-11 09:42:05","temperature":33.1,"humidity":85.2,"winddirection":304,' +
        '"windintensity":75.3,"rainheight":0.5588,"epoch":"01JX","seq":1042,"windgust":88.8,"pressure":1006.5,' +
        '"timequality":"synced","quality":{}}',
    );
  });

  it('writes no more decimals than the sensors are good for, and null as null', () => {
    const { temperature, humidity, winddirection, windintensity, windgust, rainheight, pressure } =
      readingMessage(
        { deviceid: '1', epoch: '01JX', seq: 1 },
        {
          at: { bootId: 'b', monotonicMs: 1, wallMs: 2, synchronized: true },
          values: {
            temperature: -10.649,
            humidity: 59.7925518838351,
            winddirection: 359.6,
            windintensity: null,
            windgust: 10.41312,
            rainheight: 0.8381999999999999,
            pressure: 1010.1305712941906,
          },
          quality: {},
        },
        { wallMs: 0, timequality: 'synced' },
      );

    expect([temperature, humidity, winddirection, windintensity, windgust, rainheight, pressure]).toEqual([
      -10.6,
      59.8,
      0,
      null,
      10.4,
      0.8382,
      1010.1,
    ]);
  });

  it('has no direction for a calm', () => {
    const values = { temperature: 1, humidity: 1, windintensity: 0, windgust: 0, rainheight: 0, pressure: 1 };
    const { winddirection } = readingMessage(
      { deviceid: '1', epoch: '01JX', seq: 1 },
      {
        at: { bootId: 'b', monotonicMs: 1, wallMs: 2, synchronized: true },
        values: { ...values, winddirection: null },
        quality: {},
      },
      { wallMs: 0, timequality: 'synced' },
    );

    expect(winddirection).toBeNull();
  });

  it('cuts the datetime to the second instead of rounding it', () => {
    expect(formatDatetime(Date.UTC(2026, 11, 31, 23, 59, 59, 999))).toBe('2026-12-31 23:59:59');
  });

  it('names the topics by prefix and station', () => {
    expect(topicsOf('weather', '7').backlog).toBe('weather/7/backlog');
  });
});
