import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NetworkSwitch } from '../../src/demo/network-switch.ts';
import { createManualClock } from '../fakes/clock.ts';

const server = createServer((_request, response) => {
  response.end(JSON.stringify({ outbox: { lanes: { reading: { waiting: 4 } } } }));
});
let statusUrl = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address !== null && typeof address === 'object') statusUrl = `http://127.0.0.1:${address.port}/`;
});

afterAll(() => server.close());

describe('the network switch', () => {
  it('goes and comes back as planned, and shows what waits meanwhile', async () => {
    const clock = createManualClock();
    const events: string[] = [];
    let seen: () => void = () => undefined;
    const outboxSeen = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const network = new NetworkSwitch({
      clock,
      statusUrl,
      broker: {
        cut: () => Promise.resolve(void events.push('cut')),
        restore: () => Promise.resolve(void events.push('restore')),
      },
      write: (line) => {
        events.push(line);
        if (line.startsWith('outbox')) seen();
      },
    });
    const playing = network.play({ afterSeconds: 5, forSeconds: 60 }, new AbortController().signal);
    await clock.advance(5_000);
    await clock.untilSleeping(2);
    await clock.advance(3_000);
    await outboxSeen;
    await clock.advance(60_000);
    await playing;

    expect(events.slice(0, 3)).toEqual([
      '-------- the network is gone: readings wait in the outbox',
      'cut',
      'outbox   4 readings wait',
    ]);
    expect(events.slice(-2)).toEqual(['-------- the network is back', 'restore']);
    network.close();
  });
});
