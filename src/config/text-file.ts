import { readFile } from 'node:fs/promises';
import type { ConfigProblem } from './problem.ts';

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
  EISDIR: 'a directory',
  ELOOP: 'a loop of symbolic links',
  EIO: 'a file that cannot be read (I/O error)',
};

export type TextFile =
  | { readonly text: string; readonly problem?: undefined }
  | { readonly text?: undefined; readonly problem: ConfigProblem };

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
    bytes = await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!/^E[A-Z0-9]+$/.test(code)) throw error;
    return problem(READ_FAILURES[code] ?? `a file that cannot be read (${code})`, allowed);
  }
  if (bytes.length > MAX_BYTES)
    return problem(`a file of ${bytes.length} bytes`, `at most ${MAX_BYTES} bytes: ${allowed}`);
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
