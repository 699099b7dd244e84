import type { Log } from '../../src/log.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';
type Line = Readonly<Record<string, unknown>> & { readonly message: string };

export type RecordingLog = Log & {
  lines(level?: Level): Line[];
  /** What was logged so far is not kept any longer. */
  forget(): void;
};

/** Keeps what was logged, children's fields included. */
export const createRecordingLog = (): RecordingLog => {
  const written: { level: Level; line: Line }[] = [];
  const write =
    (level: Level, bound: Readonly<Record<string, unknown>>) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      written.push({ level, line: { ...bound, ...fields, message } });
    };
  const bind = (bound: Readonly<Record<string, unknown>>): Log => ({
    debug: write('debug', bound),
    info: write('info', bound),
    warn: write('warn', bound),
    error: write('error', bound),
    child: (fields) => bind({ ...bound, ...fields }),
  });
  return {
    ...bind({}),
    forget: () => {
      written.length = 0;
    },
    lines: (level) =>
      written.filter((entry) => level === undefined || entry.level === level).map(({ line }) => line),
  };
};
