import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../time/clock.ts';
import { readSysfsNumbering, type SysfsNumbering } from '../header-chip.ts';
import type { EdgeListener, EdgeSource } from '../lines.ts';
import { createRestartingEdgeSource, type WatchSession } from '../restarting-edge-source.ts';
import { type WatchReport, type WatchRequest, watchReportSchema } from './onoff-watch.ts';

/** The child process as its parent sees it. */
export type OnoffChild = {
  send(request: WatchRequest): void;
  onReport(listener: (report: WatchReport) => void): void;
  onExit(listener: (reason: string) => void): void;
  /** Makes it give its lines back and end. */
  stop(): void;
};

type OnoffEdgeSourceOptions = {
  readonly clock: Clock;
  readonly readNumbering?: () => Promise<SysfsNumbering>;
  readonly startChild?: () => OnoffChild;
};

/**
 * Edges from onoff in a child process. sysfs neither stamps nor queues: pulses that come while that process is kept
 * from running are merged, and `suspectedMissed` says how many that may have been.
 */
export const createOnoffEdgeSource = (options: OnoffEdgeSourceOptions): EdgeSource => {
  const { clock, readNumbering = readSysfsNumbering, startChild = forkOnoffChild } = options;
  let missedEarlier = 0;
  let missed = 0;

  const startSession = async (lines: readonly number[], onEdge: EdgeListener): Promise<WatchSession> => {
    const sysfsNumberOf = await readNumbering();
    const child = startChild();
    missedEarlier += missed;
    missed = 0;
    let arm = (): void => undefined;
    const armed = new Promise<void>((resolve) => {
      arm = resolve;
    });
    const ended = new Promise<Error>((resolve) => {
      child.onReport((report) => {
        if (report.kind === 'edges') report.edges.forEach(onEdge);
        else if (report.kind === 'armed') arm();
        else if (report.kind === 'missed') missed = report.total;
        else {
          resolve(new Error(report.message));
          child.stop();
        }
      });
      child.onExit((reason) => resolve(new Error(`the process that watches GPIO ended (${reason})`)));
    });
    child.send({ lines: lines.map((line) => ({ line, sysfsNumber: sysfsNumberOf(line) })) });
    return { armed, ended, stop: () => child.stop() };
  };

  return createRestartingEdgeSource({
    timestamps: 'process',
    clock,
    startSession,
    suspectedMissed: () => missedEarlier + missed,
  });
};

export const forkOnoffChild = (
  modulePath = fileURLToPath(new URL('./onoff-child.js', import.meta.url)),
): OnoffChild => {
  const child = fork(modulePath, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return {
    send: (request) => {
      child.send(request);
    },
    onReport: (listener) => {
      child.on('message', (message) => listener(watchReportSchema.parse(message)));
    },
    onExit: (listener) => {
      child.once('error', ({ message }) => listener(message));
      child.once('exit', (status, signal) => listener(signal ?? `status ${status}`));
    },
    stop: () => {
      if (child.connected) child.disconnect();
    },
  };
};
