import { writeFileSync } from 'node:fs';
import { gatewayJsonSchema } from '../src/config/schema.ts';

// Run by `npm run schema`; a test compares the file with the zod schema it comes from.
writeFileSync(
  new URL('gateway.schema.json', import.meta.url),
  `${JSON.stringify(gatewayJsonSchema(), null, 2)}\n`,
);
