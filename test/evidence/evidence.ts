import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load.ts';
import { writeMarkedPart } from '../docs/marked-part.ts';
import { evidencePart, root } from '../docs/pages.ts';
import { markdownTable } from '../markdown-table.ts';
import { HEAD, quietYear, rowOf } from './evidence-table.ts';
import { foreseen } from './foreseen.ts';

// npm run evidence: measures what the shipped rules are worth on simulated weather and writes it into its page.

const measure = async (): Promise<string> => {
  const { config } = await loadConfig(fileURLToPath(new URL('config/gateway.yaml', root)));
  if (config === undefined) throw new Error('config/gateway.yaml has problems');
  const rows = foreseen.map((each) => rowOf(config, each));
  const { rows: quietRows, readings, flags } = quietYear(config);
  const flagged = [...flags].map(([flag, count]) => `${flag} ${count}`).join(', ') || 'none';
  return [
    markdownTable(HEAD, rows),
    '',
    `A quiet simulated year, ${readings} readings of sound instruments. Readings with a flag: ${flagged}.`,
    '',
    markdownTable(HEAD, quietRows),
  ].join('\n');
};

const startMs = performance.now();
const evidence = await measure();
await writeMarkedPart(evidencePart, evidence);
process.stdout.write(`${evidence}\n\n${((performance.now() - startMs) / 1000).toFixed(0)} s\n`);
