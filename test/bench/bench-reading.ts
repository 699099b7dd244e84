import type { TimeOf } from '../../src/outbox/records.ts';
import type { Measurement } from '../../src/weather/reading.ts';

/** A reading such as a station takes every 12 s; all benchmarks use it. */
export const benchReading = (index: number): Measurement => ({
  at: {
    bootId: '0f4e1c6e-3b0a-4f5e-9f0e-6d1a2b3c4d5e',
    monotonicMs: 1_000 + index * 12_000.25,
    wallMs: Date.UTC(2026, 5, 1) + index * 12_000,
    synchronized: true,
  },
  values: {
    temperature: 20 + (index % 97) / 10,
    humidity: 60 + (index % 31) / 10,
    winddirection: (index * 7) % 360,
    windintensity: 12 + (index % 53) / 10,
    windgust: 20 + (index % 67) / 10,
    rainheight: index % 40 === 0 ? 0.2794 : 0,
    pressure: 1_010 + (index % 71) / 10,
  },
  quality: {},
});

/** No benchmark fills an outbox up to its bound. */
export const noTime: TimeOf = () => null;
