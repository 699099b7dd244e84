import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { writeMarkedPart } from '../docs/marked-part.ts';
import { figuresPart } from '../docs/pages.ts';
import { markdownTable } from '../markdown-table.ts';
import type { Figure, Ratio } from './figure.ts';
import { plotOf } from './plot.ts';

const folder = fileURLToPath(new URL('results/', import.meta.url));

const figureSchema = z.object({
  name: z.string(),
  unit: z.string(),
  ours: z.number(),
  other: z.object({ name: z.string(), value: z.number() }).nullable(),
  ratio: z
    .object({ median: z.number(), lowest: z.number(), highest: z.number(), rounds: z.int() })
    .nullable(),
  goal: z.object({ text: z.string(), isReached: z.boolean() }).nullable(),
});
const resultSchema = z.object({
  bench: z.string(),
  /** UTC. */
  date: z.iso.date(),
  machine: z.string(),
  /** Of the last minute before it began. */
  loadAverage: z.number(),
  figures: z.array(figureSchema),
});
const resultsSchema = z.array(resultSchema);

type Result = Readonly<Omit<z.infer<typeof resultSchema>, 'figures'>> & {
  readonly figures: readonly Figure[];
};

const rounded = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

const ratioText = ({ median, lowest, highest, rounds }: Ratio): string =>
  rounds === 1 ? rounded(median) : `${rounded(median)} (${rounded(lowest)} to ${rounded(highest)})`;

const row = ({ name, unit, ours, other, ratio, goal }: Figure): readonly string[] => [
  name,
  `${rounded(ours)} ${unit}`,
  other === null ? '' : `${rounded(other.value)} (${other.name})`,
  ratio === null ? '' : ratioText(ratio),
  goal === null ? '' : `${goal.text}: ${goal.isReached ? 'yes' : '**no**'}`,
];

const HEAD = ['what', 'ours', 'beside', 'ratio', 'goal'] as const;

export const tableOf = (results: readonly Result[]): string =>
  markdownTable(
    HEAD,
    results.flatMap(({ figures }) => figures.map(row)),
  );

/** Where and when, and how busy the machine was. */
const originOf = (results: readonly Result[]): string =>
  [...new Set(results.map(({ machine }) => machine))]
    .map((machine) => {
      const runs = results
        .filter((result) => result.machine === machine)
        .map(({ bench, date, loadAverage }) => `${bench} on ${date} (${loadAverage.toFixed(1)})`);
      return `${machine}; with the load average before each: ${runs.join(', ')}.`;
    })
    .join('\n');

const readResults = async (path: string): Promise<readonly Result[]> =>
  resultsSchema.parse(JSON.parse(await readFile(path, 'utf8').catch(() => '[]')));

/** Puts one benchmark's figures in the place of its earlier ones, also in docs/benchmarks.md; resolves with their table. */
export const writeResults = async (result: Result): Promise<string> => {
  await mkdir(folder, { recursive: true });
  const earlier = await readResults(`${folder}figures.json`);
  const results = [...earlier.filter(({ bench }) => bench !== result.bench), result].sort((left, right) =>
    left.bench.localeCompare(right.bench),
  );
  const text = `${tableOf(results)}\n\n${originOf(results)}`;
  await writeFile(`${folder}figures.json`, `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(`${folder}figures.md`, `${text}\n`);
  await writeFile(`${folder}figures.svg`, plotOf(results.flatMap(({ figures }) => figures)));
  await writeMarkedPart(figuresPart, text);
  return tableOf([result]);
};
