import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NetworkSwitch, runDemo } from '../../src/demo/demo.ts';
import { systemClock } from '../../src/time/clock.ts';
import { createManualClock } from '../fakes/clock.ts';

/** Stands in for the gateway: says how it was started, and ends when asked. */
const fakeGateway = `
  process.on('SIGTERM', () => process.exit(0));
  console.log('started with ' + process.argv.slice(1, 4).join(' '));
  setInterval(() => {}, 1000);
`;

const startDemo = (script: string, stop: AbortController) => {
  const lines: string[] = [];
  const listeners: (() => void)[] = [];
  const waiting: { readonly line: RegExp; readonly resolve: () => void }[] = [];
  const running = runDemo(
    { intervalSeconds: 1, absence: undefined },
    {
      gatewayCommand: [process.execPath, '-e', script, '--'],
      clock: systemClock,
      write: (line) => {
        lines.push(line);
        for (const wait of waiting) if (wait.line.test(line)) wait.resolve();
      },
      onToggle: (listener) => listeners.push(listener),
    },
    stop.signal,
  );
  const untilLine = (line: RegExp): Promise<void> =>
    new Promise((resolve) => {
      if (lines.some((written) => line.test(written))) resolve();
      else waiting.push({ line, resolve });
    });
  return { lines, running, untilLine, toggle: () => listeners.forEach((listener) => void listener()) };
};

describe('the demo', () => {
  it('runs the simulated gateway until it is told to end, and takes the network away on request', async () => {
    const stop = new AbortController();
    const { running, toggle, untilLine } = startDemo(fakeGateway, stop);
    await untilLine(/^gateway {2}started with run --simulate --config$/);
    await untilLine(/dashboard: http:\/\/127\.0\.0\.1:\d+\//);

    toggle();
    await untilLine(/the network is gone/);
    toggle();
    await untilLine(/the network is back/);
    stop.abort();

    expect(await running).toBe(0);
  });

  it('ends with the status of a gateway that ends by itself', async () => {
    const { running } = startDemo('process.exit(78)', new AbortController());

    expect(await running).toBe(78);
  });
});

describe('the network switch', () => {
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
