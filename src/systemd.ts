import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Log } from './log.ts';
import type { Clock } from './time/clock.ts';
import { pause } from './time/loops.ts';

/** sd_notify(3) assignments. */
export type Notification = {
  readonly READY?: '1';
  readonly STATUS?: string;
  readonly WATCHDOG?: '1';
  readonly STOPPING?: '1';
};

/** Whoever started this process and wants to hear how it is doing. */
export type ServiceManager = {
  /** How long it waits for a sign of life before it restarts us; `null` when it does not watch. */
  readonly watchdogMs: number | null;
  /**
   * Whether it was heard. Never rejects: a manager that does not hear us must not end the measuring. systemd drops what it reads
   * after the process that sent it has ended, as `systemd-notify` does after 5 s.
   */
  notify(notification: Notification): Promise<boolean>;
};

const run = promisify(execFile);

type SystemdParts = {
  readonly notifySocket: string | undefined;
  readonly watchdogUsec: string | undefined;
  readonly log: Log;
  /** The program that is called; Node has no datagram sockets of the unix kind. */
  readonly program?: string;
};

/** Talks to systemd by `systemd-notify`; to nobody where `$NOTIFY_SOCKET` is not set. */
export const createServiceManager = (parts: SystemdParts): ServiceManager => {
  const { notifySocket, watchdogUsec, log, program = 'systemd-notify' } = parts;
  let isHeard = true;
  const watchdogMs = Number(watchdogUsec) / 1000;
  return {
    watchdogMs: notifySocket !== undefined && watchdogMs > 0 ? watchdogMs : null,
    notify: async (notification) => {
      if (notifySocket === undefined) return true;
      const assignments = Object.entries(notification).map(([name, value]) => `${name}=${value}`);
      try {
        await run(program, assignments, { timeout: 10_000 });
        isHeard = true;
      } catch (error) {
        if (isHeard) log.warn({ err: error }, 'systemd does not take our notifications');
        isHeard = false;
      }
      return isHeard;
    },
  };
};

type SupervisionParts = {
  readonly manager: ServiceManager;
  readonly clock: Clock;
  readonly log: Log;
  readonly isReady: () => boolean;
  readonly isAlive: () => boolean;
  /** One line for `systemctl status`. */
  readonly statusLine: () => string;
};

const STATUS_EVERY_MS = 30_000;
const READY_CHECK_MS = 250;
/** After a notification that was not heard. */
const REPEAT_MS = 1_000;

/**
 * Says READY until it is heard, then feeds the watchdog as long as samples are taken and readings stored, three times as often as
 * it asks for, until the signal aborts. What is not heard is said again soon. When nothing moves any more it keeps silent, and systemd restarts the process.
 */
export const superviseByProgress = async (parts: SupervisionParts, signal: AbortSignal): Promise<void> => {
  const { manager, clock, log, isReady, isAlive, statusLine } = parts;
  while (!isReady() && !signal.aborted) await pause(clock, READY_CHECK_MS, signal);
  while (!signal.aborted && !(await manager.notify({ READY: '1' }))) await pause(clock, REPEAT_MS, signal);
  const periodMs = Math.min(STATUS_EVERY_MS, (manager.watchdogMs ?? Number.POSITIVE_INFINITY) / 3);
  let wasAlive = true;
  while (!signal.aborted) {
    const alive = isAlive();
    if (!alive && wasAlive) log.error({}, 'nothing is sampled or stored any more: the watchdog is not fed');
    wasAlive = alive;
    const isHeard = await manager.notify({ STATUS: statusLine(), ...(alive ? { WATCHDOG: '1' } : {}) });
    await pause(clock, isHeard ? periodMs : REPEAT_MS, signal);
  }
  await manager.notify({ STOPPING: '1' });
};
