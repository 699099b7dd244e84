import { z } from 'zod';
import { dottedKey, formatProblem, readTextFile } from '../config/text-file.ts';
import { parseYaml } from '../config/yaml-document.ts';
import { quantities } from '../weather/quantities.ts';
import { RecordingError } from './recording-text.ts';

const column = z.union([z.string().min(1), z.int().min(1)], 'the name of a column, or its number from 1');

const columnMapping = z.union(
  [
    column,
    z.null(),
    z.strictObject({
      column,
      unit: z.string('the name of a unit').exactOptional(),
      cumulative: z.union([z.boolean(), z.enum(['day', 'hour'])], 'true, false, day or hour').exactOptional(),
    }),
  ],
  'a column, null to leave it out, or {column, unit, cumulative}',
);

const mappingSchema = z.strictObject({
  separator: z.enum([',', ';', '\t', '|', 'tab', 'space'], 'one of "," ";" "|" tab space').exactOptional(),
  decimal: z.enum(['.', ','], '"." or ","').exactOptional(),
  /** Its line, from 1; 0 is none: columns then go by their numbers. */
  header: z.int('the line of the header, 0 for none').min(0).exactOptional(),
  missing: z
    .array(z.union([z.string(), z.number()]), 'a list of texts that stand for "no value"')
    .exactOptional(),
  time: z
    .strictObject({
      column: z
        .union([column, z.array(column).min(1)], 'a column, or a list of them to be joined')
        .exactOptional(),
      format: z.string('iso, epoch, epoch-ms, or such as dd.MM.yyyy HH:mm').exactOptional(),
      zone: z.string('an offset such as +01:00, or a zone such as Europe/Berlin').exactOptional(),
    })
    .exactOptional(),
  columns: z.partialRecord(z.enum(quantities), columnMapping).exactOptional(),
});

/** What a user says of a table: it goes before everything that is recognised. */
export type Mapping = z.output<typeof mappingSchema>;
export type ColumnRef = string | number;

/** Reads a mapping, or says everything that is wrong with it in one `RecordingError`. */
export const loadMapping = async (file: string): Promise<Mapping> => {
  const { text, problem } = await readTextFile(file, 'a YAML file that says what is in a table');
  if (problem !== undefined) throw new RecordingError(formatProblem(problem));
  const document = parseYaml(text);
  const [fault] = document.faults;
  if (fault !== undefined)
    throw new RecordingError(`${file}:${fault.line}: found ${fault.found}, allowed is ${fault.allowed}`);
  const parsed = mappingSchema.safeParse(document.value ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => `${dottedKey([...issue.path, key])}: no such key`);
    const path = dottedKey(issue.path);
    return [path === '' ? `allowed is ${issue.message}` : `${path}: allowed is ${issue.message}`];
  });
  throw new RecordingError(`${file}: ${problems.join('; ')}`);
};
