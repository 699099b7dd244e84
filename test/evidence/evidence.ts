import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load.ts';
import type { GatewayConfig } from '../../src/config/schema.ts';
import { writeMarkedPart } from '../docs/marked-part.ts';
import { evidencePart, recordsPart, root } from '../docs/pages.ts';
import { markdownTable } from '../markdown-table.ts';
import { HEAD, quietYear, rowOf } from './evidence-table.ts';
import { foreseen } from './foreseen.ts';
import { RECORDS_HEAD, recordRows } from './real-records.ts';

// npm run evidence: measures what the shipped rules are worth on real records and on simulated weather, and writes it
// into its page.

const shipped = async (): Promise<GatewayConfig> => {
  const { config } = await loadConfig(fileURLToPath(new URL('config/gateway.yaml', root)));
  if (config === undefined) throw new Error('config/gateway.yaml has problems');
  return config;
};

const simulated = (config: GatewayConfig): string => {
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
const config = await shipped();
const records = markdownTable(RECORDS_HEAD, await recordRows(config));
await writeMarkedPart(recordsPart, records);
process.stdout.write(`${records}\n\n`);
const evidence = simulated(config);
await writeMarkedPart(evidencePart, evidence);
process.stdout.write(`${evidence}\n\n${((performance.now() - startMs) / 1000).toFixed(0)} s\n`);
