import type { Readable } from 'node:stream';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { parseJson } from '../weather/format.ts';
import { type Quantity, quantities } from '../weather/quantities.ts';
import type { Mapping } from './mapping.ts';
import { checkReading, type RecordedReading } from './recorded-reading.ts';
import { RecordingError, readText, STDIN } from './recording-text.ts';
import { type BadField, openTable, type TableItem } from './table.ts';

/** A piece of a recording: how it is read comes first. Items can be gone through once. */
export type RecordedPiece = { readonly readAs: string } | { readonly items: Iterable<TableItem> };

/**
 * Reads one recording, a table or JSON lines of readings and backlog messages, oldest first. A `RecordingError` says
 * why it cannot be read.
 */
export const readRecording = async function* (
  file: string,
  mapping: Mapping,
  stdin: Readable,
): AsyncGenerator<RecordedPiece> {
  const name = file === STDIN ? 'standard input' : file;
  const texts = readText(file, stdin);
  const first = await texts.next();
  const head = first.done === true ? '' : first.value;
  const start = head.replace(/^\uFEFF/, '').trimStart();
  if (start === '') throw new RecordingError(`${name} holds nothing but empty lines`);
  const pieces = numbered(head, texts);
  if (start.startsWith('{')) {
    yield { readAs: 'JSON lines of readings and backlog messages; time from datetime (UTC)' };
    for await (const { text, firstLine } of pieces) yield { items: jsonItems(text, firstLine) };
    return;
  }
  const table = openTable(name, head, mapping);
  yield { readAs: table.readAs };
  for await (const { text, firstLine } of table.isNewestFirst ? reversed(pieces) : pieces)
    yield { items: table.read(text, firstLine) };
};

type Piece = { readonly text: string; readonly firstLine: number };

const numbered = async function* (head: string, texts: AsyncIterable<string>): AsyncGenerator<Piece> {
  yield { text: head, firstLine: 1 };
  let firstLine = 1 + newlines(head);
  for await (const text of texts) {
    yield { text, firstLine };
    firstLine += newlines(text);
  }
};

const newlines = (text: string): number => {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
};

/** The last piece first. They wait compressed: a year of minutes is 50 MB of text. */
const reversed = async function* (pieces: AsyncIterable<Piece>): AsyncGenerator<Piece> {
  const waiting: { readonly packed: Buffer; readonly firstLine: number }[] = [];
  for await (const { text, firstLine } of pieces) {
    waiting.push({ packed: deflateRawSync(text, { level: 1 }), firstLine });
  }
  for (let last = waiting.pop(); last !== undefined; last = waiting.pop()) {
    yield { text: inflateRawSync(last.packed).toString(), firstLine: last.firstLine };
  }
};

const backlog = z.object({ readings: z.array(z.unknown()) });

const jsonItems = function* (text: string, firstLine: number): Generator<TableItem> {
  for (const [index, each] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = firstLine + index;
    if (each.trim() === '') continue;
    const value = parseJson(each);
    if (value === undefined) {
      yield { line, complaint: 'not JSON' };
      continue;
    }
    const message = backlog.safeParse(value);
    for (const reading of message.success ? message.data.readings : [value]) yield jsonItem(line, reading);
  }
};

const jsonItem = (line: number, reading: unknown): TableItem => {
  const checked = checkReading(reading);
  if ('complaint' in checked) return { line, complaint: checked.complaint };
  const isQuantity = (name: string): name is Quantity => quantities.some((quantity) => quantity === name);
  const badFields = Object.entries(checked.bad).flatMap(([name, text]): BadField[] =>
    isQuantity(name) ? [{ quantity: name, text: String(text) }] : [],
  );
  const recorded: RecordedReading = checked.recorded;
  return { line, reading: recorded, badFields };
};
