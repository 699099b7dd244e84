import { readdirSync, readFileSync } from 'node:fs';
import type { MarkedPart } from './marked-part.ts';

export const root = new URL('../../', import.meta.url);

/** A page by its path from the root of the repository. */
export const readPage = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** Folders that hold pages, `''` being the root. */
const FOLDERS = ['', 'docs/', 'cloud/', 'cloud/analytics/', 'cloud/vectors/'];

/** Paths of all pages. */
export const pages: readonly string[] = FOLDERS.flatMap((folder) =>
  readdirSync(new URL(folder, root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}${name}`),
);

const part = (page: string, label: string): MarkedPart => ({ page: new URL(page, root), label });

export const configurationPart = part('docs/configuration.md', 'npm run schema');
export const metricsPart = part('docs/messages.md', 'npm run schema, metrics');
export const evidencePart = part('docs/quality-and-alerts.md', 'npm run evidence');
export const recordsPart = part('docs/quality-and-alerts.md', 'npm run evidence, records');
export const figuresPart = part('docs/benchmarks.md', 'npm run bench');
