import { createReadStream, type Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { errorCode, printable } from '../weather/format.ts';

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

/** A configuration with its comments has 5 KB; one that is larger is another kind of file. */
const MAX_BYTES = 100_000;

const UTF8 = 'text in UTF-8';

/** What a text file may hold: no control characters but tab and line ends (YAML 1.2, 5.1), no lone surrogates. */
const isForbidden = (character: string): boolean => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return !'\t\n\r'.includes(character);
  return (
    (code >= 0x7f && code <= 0x9f && code !== 0x85) ||
    (code >= 0xd800 && code <= 0xdfff) ||
    code === 0xfffe ||
    code === 0xffff
  );
};

/** The first character that has no place in a text, as `U+0007`; `null` where there is none. */
export const forbiddenCharacter = (text: string): { readonly name: string; readonly at: number } | null => {
  let at = 0;
  for (const character of text) {
    if (isForbidden(character)) {
      const code = character.codePointAt(0) ?? 0;
      return { name: `U+${code.toString(16).toUpperCase().padStart(4, '0')}`, at };
    }
    at += character.length;
  }
  return null;
};

const READ_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'a file that may not be read',
  ELOOP: 'a loop of symbolic links',
  EIO: 'a file that cannot be read (I/O error)',
};

type TextFile =
  | { readonly text: string; readonly problem?: undefined }
  | { readonly text?: undefined; readonly problem: ConfigProblem };

/** What is no file to be read: waiting for a pipe, or reading a device, may never end. `null` for a file. */
export const otherKindOf = (found: Stats): string | null => {
  if (found.isFile()) return null;
  if (found.isDirectory()) return 'a directory';
  return found.isFIFO() ? 'a named pipe' : 'a device or a socket';
};

/** A pipe of the shell leads nowhere by name. */
const isNamed = (path: string): Promise<boolean> =>
  realpath(path).then(
    () => true,
    () => false,
  );

/** No more than is needed to see that it is too much. */
const readSome = async (file: string): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of createReadStream(file, { end: MAX_BYTES })) pieces.push(piece);
  return Buffer.concat(pieces);
};

const decode = (bytes: Buffer): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
};

const isUtf16 = (bytes: Buffer): boolean =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);

/** Reads a text of configuration; `allowed` says what the file should be where it cannot be read. */
export const readTextFile = async (file: string, allowed: string): Promise<TextFile> => {
  const problem = (
    found: string,
    wanted: string,
    line: number | null = null,
    column: number | null = null,
  ) => ({
    problem: { file, line, column, key: '', found, allowed: wanted },
  });
  let bytes: Buffer;
  try {
    const kind = otherKindOf(await stat(file));
    if (kind !== null && (await isNamed(file))) return problem(kind, allowed);
    bytes = await readSome(file);
  } catch (error) {
    const code = errorCode(error);
    if (!/^E[A-Z0-9]+$/.test(code)) throw error;
    return problem(READ_FAILURES[code] ?? `a file that cannot be read (${code})`, allowed);
  }
  if (bytes.length > MAX_BYTES) return problem(`a file of more than ${MAX_BYTES} bytes`, allowed);
  if (isUtf16(bytes)) return problem('text in UTF-16', UTF8);
  const text = decode(bytes);
  if (text === null) return problem('bytes that are not UTF-8 (Latin-1?)', UTF8, ...lineOfBadByte(bytes));
  const forbidden = forbiddenCharacter(text);
  if (forbidden === null) return { text };
  const before = text.slice(0, forbidden.at).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return problem(`the control character ${forbidden.name}`, 'printable text', before.length, column);
};

/** Line and column, from 1, of the first byte that is not UTF-8. */
const lineOfBadByte = (bytes: Buffer): [line: number, column: number] => {
  const good = bytes.toString('utf8').split('\ufffd')[0] ?? '';
  const lines = good.split('\n');
  return [lines.length, (lines.at(-1)?.length ?? 0) + 1];
};
