// Entry of the child process that watches GPIO lines with onoff: what stalls the daemon does not stall this loop,
// and the epoll addon crashes in worker threads.
import process from 'node:process';
import { systemClock } from '../../time/clock.ts';
import { watchRequestSchema, watchWithOnoff } from './onoff-watch.ts';

const ending = new AbortController();
// The daemon is gone, however it went. Signals are its business: systemd sends them to every process of the unit.
process.once('disconnect', () => ending.abort(new Error('the daemon ended')));
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => undefined);

process.once('message', (message: unknown) => {
  const parts = {
    loadOnoff: () => import('onoff'),
    report: (report: object) => process.connected && process.send?.(report),
    clock: systemClock,
  };
  void watchWithOnoff(watchRequestSchema.parse(message), parts, ending.signal).finally(() => {
    if (process.connected) process.disconnect();
  });
});
