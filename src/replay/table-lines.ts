import { parse } from 'csv-parse/sync';
import type { Mapping } from './mapping.ts';

/** `space` is any white space. */
export type Separator = ',' | ';' | '\t' | '|' | 'space';

export const SEPARATORS: readonly Separator[] = [',', ';', '\t', '|', 'space'];

export const mappedSeparator = ({ separator }: Mapping): Separator | undefined =>
  separator === 'tab' ? '\t' : separator;

export const separatorName = (separator: Separator): string =>
  ({ ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars', space: 'spaces' })[separator];

const quoted = (text: string, separator: string): string[][] =>
  parse(text, {
    delimiter: separator,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: false,
    trim: true,
  });

/** The fields of one line; a quote that never ends is taken as it stands. */
export const splitLine = (line: string, separator: Separator): string[] => {
  if (separator === 'space') return line.trim().split(/\s+/);
  if (!line.includes('"')) return line.split(separator).map((field) => field.trim());
  try {
    return quoted(line, separator)[0] ?? [];
  } catch {
    return line.split(separator).map((field) => field.replace(/^\s*"|"\s*$/g, '').trim());
  }
};

export type Row = { readonly line: number; readonly fields: readonly string[] };

/** The rows of a text of whole lines, `firstLine` being the number of its first; a quoted field may span lines. */
export const splitRows = function* (text: string, separator: Separator, firstLine: number): Generator<Row> {
  let line = firstLine;
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const next = newline === -1 ? text.length : newline + 1;
    let end = newline === -1 ? text.length : newline;
    if (text.charCodeAt(end - 1) === 13) end -= 1;
    if (end > start) yield { line, fields: splitLine(text.slice(start, end), separator) };
    line += 1;
    start = next;
  }
};

export const linesOf = (text: string): string[] => text.replace(/^\uFEFF/, '').split(/\r?\n/);
