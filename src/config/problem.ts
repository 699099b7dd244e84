import { printable } from '../weather/format.ts';

/** One thing that is wrong with a file of configuration, in words for whoever edits it. */
export type ConfigProblem = {
  readonly file: string;
  /** From 1; `null` where the file itself is the problem. */
  readonly line: number | null;
  readonly column: number | null;
  /** Dotted path such as `preAlerts[0].id`; empty where no single key is to blame. */
  readonly key: string;
  readonly found: string;
  readonly allowed: string;
};

/** Exit status of a bad configuration (EX_CONFIG of sysexits.h); the unit does not restart on it. */
export const BAD_CONFIGURATION = 78;

/** In the form `file:line:column:` that editors and terminals turn into a link. */
export const formatProblem = ({ file, line, column, key, found, allowed }: ConfigProblem): string => {
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
  return printable(`${place}: ${key === '' ? '' : `${key}: `}found ${found}; allowed: ${allowed}`);
};

export type KeyPath = readonly PropertyKey[];

/** `['preAlerts', 0, 'id']` as `preAlerts[0].id`. */
export const dottedKey = (path: KeyPath): string =>
  path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`;
    return text === '' ? String(segment) : `${text}.${String(segment)}`;
  }, '');
