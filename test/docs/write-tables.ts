// Run by `npm run schema`: writes the parts of the documentation that come from the code.
import { configurationTables } from './configuration-tables.ts';
import { writeMarkedPart } from './marked-part.ts';
import { metricsTable } from './metrics-table.ts';
import { configurationPart, metricsPart } from './pages.ts';

await writeMarkedPart(configurationPart, configurationTables());
await writeMarkedPart(metricsPart, await metricsTable());
