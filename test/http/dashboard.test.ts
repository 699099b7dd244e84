import { createServer, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { serveDashboard } from '../../src/http/server.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';
import { createRecordingLog } from '../fakes/log.ts';

const occupyPort = async (): Promise<{ readonly server: Server; readonly port: number }> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
};

const start = (port: number) => {
  const clock = createManualClock();
  const log = createRecordingLog();
  const stop = new AbortController();
  const serve = serveDashboard({
    config: { listen: '127.0.0.1', port },
    clock,
    log,
    pageFiles: [],
    status: createGatewayStatus,
    health: () => ({ isHealthy: true, reason: null }),
    history: { query: () => Promise.reject(new Error('not asked in this test')) },
    metrics: { render: () => Promise.resolve({ contentType: 'text/plain', text: '' }) },
  });
  const serving = serve(stop.signal);
  const end = (): Promise<void> => {
    stop.abort();
    return serving;
  };
  return { clock, log, end };
};

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('serving the dashboard', () => {
  it('waits for an address that somebody else has, says so once, and takes it when it is free', async () => {
    const { server, port } = await occupyPort();
    const { clock, log, end } = start(port);

    await clock.untilSleeping();
    await clock.advance(30_000);
    await clock.untilSleeping();
    expect(log.lines('error')).toMatchObject([{ message: 'the dashboard cannot be served' }]);

    await new Promise((resolve) => server.close(resolve));
    await clock.advance(30_000);
    await until(() => log.lines('info').length > 0);
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect(response.status).toBe(200);
    await end();
  });

  it('ends while it waits', async () => {
    const { server, port } = await occupyPort();
    const { clock, end } = start(port);

    await clock.untilSleeping();
    await end();

    await new Promise((resolve) => server.close(resolve));
  });
});
