import { pino } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/**
 * What the daemon logs with: one constant message, its facts as fields.
 * Log where a condition is handled, and when it changes, never at each repetition.
 */
export type Log = {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
  child(fields: Readonly<Record<string, unknown>>): Log;
};

/** Kept until it can be written; what is more is lost. */
const MAX_UNWRITTEN_BYTES = 65_536;

/** Where the log cannot be written, as on a full disk, the station measures on. */
const standardOutput = () => {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: MAX_UNWRITTEN_BYTES });
  destination.on('error', () => undefined);
  return destination;
};

export type AdjustableLog = Log & { setLevel(level: LogLevel): void };

/** journald adds time, host and process itself, so a line carries neither. */
export const createLog = (level: LogLevel): AdjustableLog => {
  const logger = pino(
    { level, base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } },
    standardOutput(),
  );
  return Object.assign(logger, {
    setLevel: (next: LogLevel) => {
      logger.level = next;
    },
  });
};
