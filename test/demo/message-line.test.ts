import { describe, expect, it } from 'vitest';
import { messageLine } from '../../src/demo/demo.ts';

const reading = {
  seq: 7,
  datetime: '2026-06-01 12:00:00',
  temperature: 15.2,
  humidity: 60,
  winddirection: null,
  windintensity: 0,
  rainheight: 0.2794,
};

describe('the line about a message', () => {
  it.each([
    [
      'weather/1/reading',
      reading,
      'reading  #7  2026-06-01 12:00:00  15.2 °C  60 %RH  0 km/h from - °  0.2794 mm rain',
    ],
    [
      'weather/1/backlog',
      { readings: [reading, { ...reading, seq: 8 }] },
      'backlog  #7 to #8: 2 readings that had waited, in one message',
    ],
    ['weather/1/prealert', { text: 'It is hot.' }, 'alert    It is hot.'],
    ['weather/1/gap', { fromseq: 1, toseq: 3, reason: 'full' }, 'gap      #1 to #3: full'],
    ['weather/1/status', { state: 'online', waiting: 4 }, 'status   online, 4 readings wait'],
    ['weather/1/status', { state: 'offline' }, 'status   offline'],
    [
      'weather/1/health',
      { instruments: { bme280: 'ok', windVane: 'failing' }, failing: 1 },
      'health   2 instruments, 1 failing',
    ],
    ['weather/1/other', { a: 1 }, 'weather/1/other {"a":1}'],
  ])('%s', (topic, payload, line) => {
    expect(messageLine(topic, JSON.stringify(payload))).toBe(line);
  });
});
