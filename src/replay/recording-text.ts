import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { errorCode, formatError } from '../weather/format.ts';

/** A recording, or its mapping, that cannot be read at all; the message is for the user, complete. */
export class RecordingError extends Error {}

/** The name of standard input. */
export const STDIN = '-';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission',
  EISDIR: 'it is a directory; name the files in it',
};

/** Whole lines, `HEAD_BYTES` of them at first as far as there are, for the look at the header. */
const HEAD_BYTES = 65_536;
/** A backlog message has 128 KB; what has no line within this is no recording, and has to be kept nowhere. */
const MAX_LINE = 1_000_000;

/**
 * The text of a recording in pieces of whole lines: a file, or standard input for `-`, gzip and UTF-16 undone.
 * A `RecordingError` says why there is none.
 */
export const readText = async function* (file: string, stdin: Readable): AsyncGenerator<string> {
  const name = file === STDIN ? 'standard input' : file;
  if (file !== STDIN) await checkFile(file);
  let text = '';
  let isFirst = true;
  let size = 0;
  for await (const piece of decoded(name, file === STDIN ? stdin : createReadStream(file))) {
    text += piece;
    size += piece.length;
    const end = text.lastIndexOf('\n') + 1;
    if (end === 0 && text.length > MAX_LINE)
      throw new RecordingError(`${name} has a line of more than ${MAX_LINE} characters`);
    if (end === 0 || (isFirst && text.length < HEAD_BYTES)) continue;
    yield text.slice(0, end);
    text = text.slice(end);
    isFirst = false;
  }
  if (size === 0) throw new RecordingError(`${name} is empty`);
  if (text !== '') yield text;
};

const checkFile = async (file: string): Promise<void> => {
  const found = await stat(file).catch((error: unknown) => {
    throw new RecordingError(`${file} cannot be read: ${reasons[errorCode(error)] ?? formatError(error)}`);
  });
  if (found.isDirectory()) throw new RecordingError(`${file} cannot be read: ${reasons['EISDIR']}`);
};

const decoded = async function* (name: string, source: Readable): AsyncGenerator<string> {
  try {
    yield* asText(name, unzipped(source));
  } catch (error) {
    if (error instanceof RecordingError || !(error instanceof Error)) throw error;
    const code = errorCode(error);
    const isGzip = code.startsWith('Z_');
    const reason = isGzip ? 'its gzip data is cut short or damaged' : (reasons[code] ?? error.message);
    throw new RecordingError(`${name} cannot be read: ${reason}`);
  }
};

const unzipped = async function* (source: Readable): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return;
  const head = Buffer.from(first.value);
  const rest = async function* (): AsyncGenerator<Buffer> {
    yield head;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      yield Buffer.from(next.value);
  };
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* rest();
    return;
  }
  // The error of the pipeline reaches the reader as that of its last stream.
  yield* pipeline(rest, createGunzip(), () => {});
};

const SIGNATURES: readonly { readonly start: string; readonly what: string }[] = [
  { start: 'PK\u0003\u0004', what: 'a ZIP archive or a spreadsheet; save the table as CSV' },
  {
    start: 'SQLite format 3',
    what: 'an SQLite database; export it: sqlite3 -header -csv FILE "select * from archive"',
  },
  { start: '\u0089HDF', what: 'an HDF5 or NetCDF file; export it as CSV' },
  { start: 'CDF', what: 'a NetCDF file; export it as CSV' },
  { start: '%PDF', what: 'a PDF' },
  { start: '<!DOCTYPE', what: 'a web page' },
  { start: '<html', what: 'a web page' },
];

const asText = async function* (name: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let decoder: TextDecoder | null = null;
  for await (const chunk of chunks) {
    if (decoder === null) {
      const start = chunk.subarray(0, 16).toString('latin1');
      const kind = SIGNATURES.find((each) => start.startsWith(each.start));
      if (kind !== undefined) throw new RecordingError(`${name} is ${kind.what}`);
      decoder = new TextDecoder(encodingOf(chunk));
      if (decoder.encoding === 'utf-8' && chunk.includes(0))
        throw new RecordingError(`${name} is not a text file`);
    }
    yield decoder.decode(chunk, { stream: true });
  }
  const end = decoder?.decode() ?? '';
  if (end !== '') yield end;
};

const encodingOf = (chunk: Buffer): string => {
  if (chunk[0] === 0xff && chunk[1] === 0xfe) return 'utf-16le';
  return chunk[0] === 0xfe && chunk[1] === 0xff ? 'utf-16be' : 'utf-8';
};
