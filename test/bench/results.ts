import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Figure } from './figure.ts';
import { plotOf } from './plot.ts';

const folder = new URL('results/', import.meta.url).pathname;

const figureSchema = z.object({
  name: z.string(),
  unit: z.string(),
  ours: z.number(),
  other: z.object({ name: z.string(), value: z.number() }).nullable(),
  goal: z.object({ text: z.string(), isReached: z.boolean() }).nullable(),
});
const resultSchema = z.object({ bench: z.string(), machine: z.string(), figures: z.array(figureSchema) });
const resultsSchema = z.array(resultSchema);

type Result = { readonly bench: string; readonly machine: string; readonly figures: readonly Figure[] };

const rounded = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

const row = ({ name, unit, ours, other, goal }: Figure): string => {
  const against = other === null ? '' : `${rounded(other.value)} (${other.name})`;
  const ratio = other === null || other.value === 0 ? '' : rounded(ours / other.value);
  const reached = goal === null ? '' : `${goal.text}: ${goal.isReached ? 'yes' : '**no**'}`;
  return `| ${name} | ${rounded(ours)} ${unit} | ${against} | ${ratio} | ${reached} |`;
};

export const tableOf = (results: readonly Result[]): string =>
  [
    '| what | ours | beside | ratio | goal |',
    '| --- | --- | --- | --- | --- |',
    ...results.flatMap(({ figures }) => figures.map(row)),
  ].join('\n');

const readResults = async (path: string): Promise<readonly Result[]> =>
  resultsSchema.parse(JSON.parse(await readFile(path, 'utf8').catch(() => '[]')));

/** Puts one benchmark's figures in the place of its earlier ones; resolves with their table. */
export const writeResults = async (result: Result): Promise<string> => {
  await mkdir(folder, { recursive: true });
  const earlier = await readResults(`${folder}figures.json`);
  const results = [...earlier.filter(({ bench }) => bench !== result.bench), result].sort((left, right) =>
    left.bench.localeCompare(right.bench),
  );
  await writeFile(`${folder}figures.json`, `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(`${folder}figures.md`, `Measured on: ${result.machine}.\n\n${tableOf(results)}\n`);
  await writeFile(`${folder}figures.svg`, plotOf(results.flatMap(({ figures }) => figures)));
  return tableOf([result]);
};
