import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServiceManager, type Notification, superviseByProgress } from '../src/systemd.ts';
import { createManualClock } from './fakes/clock.ts';
import { createRecordingLog } from './fakes/log.ts';

describe('the service manager', () => {
  let folder: string;
  let program: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'systemd-'));
    program = join(folder, 'systemd-notify');
    await writeFile(program, `#!/bin/sh\necho "$@" >>"${folder}/told"\n[ ! -e "${folder}/deaf" ]\n`);
    await chmod(program, 0o755);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const told = () => readFile(join(folder, 'told'), 'utf8');
  const underSystemd = { notifySocket: '/run/systemd/notify', watchdogUsec: '60000000' };

  it('passes the assignments on as they are', async () => {
    const manager = createServiceManager({ ...underSystemd, log: createRecordingLog(), program });

    await manager.notify({ READY: '1', STATUS: '3 readings, link up' });

    expect(await told()).toBe('READY=1 STATUS=3 readings, link up\n');
  });

  it('is silent where nobody listens', async () => {
    const manager = createServiceManager({
      notifySocket: undefined,
      watchdogUsec: '60000000',
      log: createRecordingLog(),
      program,
    });

    await manager.notify({ READY: '1' });

    await expect(told()).rejects.toThrow('ENOENT');
    expect(manager.watchdogMs).toBeNull();
  });

  it('tells how long the watchdog waits', () => {
    const log = createRecordingLog();

    expect(createServiceManager({ ...underSystemd, log }).watchdogMs).toBe(60_000);
    expect(createServiceManager({ ...underSystemd, watchdogUsec: undefined, log }).watchdogMs).toBeNull();
  });

  it('logs once when it is not heard, and again only after it was', async () => {
    const log = createRecordingLog();
    const manager = createServiceManager({ ...underSystemd, log, program });
    await writeFile(join(folder, 'deaf'), '');

    expect(await manager.notify({ WATCHDOG: '1' })).toBe(false);
    await manager.notify({ WATCHDOG: '1' });
    expect(log.lines('warn')).toHaveLength(1);

    await rm(join(folder, 'deaf'));
    expect(await manager.notify({ WATCHDOG: '1' })).toBe(true);
    await writeFile(join(folder, 'deaf'), '');
    await manager.notify({ WATCHDOG: '1' });
    expect(log.lines('warn')).toHaveLength(2);
  });
});

const yes = (): boolean => true;

describe('supervision by progress', () => {
  const supervise = (
    watchdogMs: number | null,
    isAlive: () => boolean,
    { isReady = yes, isHeard = yes } = {},
  ) => {
    const clock = createManualClock();
    const log = createRecordingLog();
    const stop = new AbortController();
    const notified: Notification[] = [];
    const manager = {
      watchdogMs,
      notify: (notification: Notification) => {
        notified.push(notification);
        return Promise.resolve(isHeard());
      },
    };
    const parts = { manager, clock, log, isReady, isAlive, statusLine: () => '7 waiting' };
    const ended = superviseByProgress(parts, stop.signal);
    const end = (): Promise<void> => {
      stop.abort();
      return ended;
    };
    return { clock, log, notified, end };
  };

  it('feeds the watchdog three times as often as it asks for', async () => {
    const { clock, notified, end } = supervise(60_000, () => true);

    await clock.advance(60_000);
    await end();

    expect(notified).toEqual([
      { READY: '1' },
      ...Array(4).fill({ STATUS: '7 waiting', WATCHDOG: '1' }),
      { STOPPING: '1' },
    ]);
  });

  it('is not ready before sampling has begun', async () => {
    let hasSampled = false;
    const { clock, notified, end } = supervise(60_000, () => true, { isReady: () => hasSampled });

    await clock.advance(5_000);
    expect(notified).toEqual([]);

    hasSampled = true;
    await clock.advance(1_000);
    await end();
    expect(notified[0]).toEqual({ READY: '1' });
  });

  it('says again within a second what systemd did not hear', async () => {
    let isHeard = false;
    const { clock, notified, end } = supervise(60_000, () => true, { isHeard: () => isHeard });

    await clock.advance(1_500);
    expect(notified).toEqual([{ READY: '1' }, { READY: '1' }]);
    isHeard = true;
    await clock.advance(1_000);
    isHeard = false;
    await clock.advance(20_000);
    isHeard = true;
    await clock.advance(2_000);
    await end();

    expect(notified.filter(({ READY }) => READY !== undefined)).toHaveLength(3);
    const fed = notified.filter(({ WATCHDOG }) => WATCHDOG !== undefined);
    expect(fed).toHaveLength(3);
  });

  it('never claims to be ready when it is stopped before', async () => {
    const { notified, end } = supervise(60_000, () => true, { isReady: () => false });

    await end();

    expect(notified).toEqual([{ STOPPING: '1' }]);
  });

  it('withholds the sign of life while nothing moves, and says so once', async () => {
    let alive = false;
    const { clock, log, notified, end } = supervise(60_000, () => alive);

    await clock.advance(20_000);
    alive = true;
    await clock.advance(20_000);
    await end();

    const looks = notified.filter(({ STATUS }) => STATUS !== undefined);
    expect(looks.map(({ WATCHDOG }) => WATCHDOG)).toEqual([undefined, undefined, '1']);
    expect(log.lines('error')).toHaveLength(1);
  });

  it('tells its status twice a minute where no watchdog is set', async () => {
    const { clock, notified, end } = supervise(null, () => true);

    await clock.advance(60_000);
    await end();

    expect(notified.filter(({ STATUS }) => STATUS !== undefined)).toHaveLength(3);
  });
});
