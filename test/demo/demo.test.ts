import { describe, expect, it } from 'vitest';
import { runDemo } from '../../src/demo/demo.ts';
import { systemClock } from '../../src/time/clock.ts';

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
