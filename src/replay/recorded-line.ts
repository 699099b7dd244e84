import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse';
import { z } from 'zod';

/** One reading of a file as it stands there, or why a line holds none. */
export type RecordedLine = { readonly line: number } & (
  | { readonly reading: unknown }
  | { readonly complaint: string }
);

/** Reads a recording line by line: JSON lines of readings or backlog messages, or CSV with the names of a reading. */
export const readRecording = async function* (file: string): AsyncGenerator<RecordedLine> {
  yield* (await isJson(file)) ? jsonLines(file) : csvLines(file);
};

const textOf = (file: string) => createReadStream(file, { encoding: 'utf8' });

const isJson = async (file: string): Promise<boolean> => {
  const stream = textOf(file);
  for await (const chunk of stream) {
    const first = String(chunk)
      .replace(/^\uFEFF/, '')
      .trimStart()
      .at(0);
    if (first !== undefined) return first === '{';
  }
  return true;
};

const backlog = z.object({ readings: z.array(z.unknown()) });

const jsonLines = async function* (file: string): AsyncGenerator<RecordedLine> {
  let line = 0;
  for await (const text of createInterface({ input: textOf(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() !== '') yield* readingsOf(text.replace(/^\uFEFF/, ''), line);
  }
};

const readingsOf = function* (text: string, line: number): Generator<RecordedLine> {
  const value = parsedJson(text);
  if (value === undefined) {
    yield { line, complaint: 'not JSON' };
    return;
  }
  const message = backlog.safeParse(value);
  for (const reading of message.success ? message.data.readings : [value]) yield { line, reading };
};

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const csvRecord = z.object({
  record: z.record(z.string(), z.string()),
  info: z.object({ lines: z.number() }),
});

const csvLines = async function* (file: string): AsyncGenerator<RecordedLine> {
  const skipped: RecordedLine[] = [];
  const records = textOf(file).pipe(
    parse({
      bom: true,
      columns: true,
      info: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      trim: true,
      on_skip: (error) => {
        skipped.push({ line: Number(error?.['lines'] ?? 0), complaint: error?.message ?? 'no CSV' });
        return undefined;
      },
    }),
  );
  for await (const each of records) {
    yield* skipped.splice(0);
    const { record, info } = csvRecord.parse(each);
    yield { line: info.lines, reading: readingOf(record) };
  }
  yield* skipped.splice(0);
};

/** An empty field is a value that is missing; the flags of a reading are JSON, in CSV too. */
const readingOf = ({ quality, ...fields }: Readonly<Record<string, string>>): unknown => ({
  ...Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, fieldOf(text)])),
  ...(quality === undefined || quality === '' ? {} : { quality: parsedJson(quality) ?? quality }),
});

const fieldOf = (text: string): string | number | null => {
  if (text === '') return null;
  return /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
};
