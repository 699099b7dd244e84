import { expect, it } from 'vitest';
import { roomSeconds } from '../../src/status/status.ts';

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
