import { expect, it } from 'vitest';
import { statusLine } from '../../src/status/gateway-status.ts';
import { roomSeconds } from '../../src/status/status.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';

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
