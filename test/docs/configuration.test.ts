import { describe, expect, it } from 'vitest';
import { gatewaySchema } from '../../src/config/schema.ts';
import { validateYaml } from '../../src/config/validate.ts';
import { configurationTables } from './configuration-tables.ts';
import { readMarkedPart } from './marked-part.ts';
import { configurationPart, readPage } from './pages.ts';

describe('docs/configuration.md', () => {
  it('has the tables that `npm run schema` would write', async () => {
    expect(await readMarkedPart(configurationPart)).toBe(configurationTables());
  });

  it('shows configurations without a problem', () => {
    const blocks = [...readPage('docs/configuration.md').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)];
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, text = ''] of blocks) {
      const { problems } = validateYaml({
        file: 'example',
        text,
        schema: gatewaySchema,
        crossCheck: () => [],
      });
      expect(problems, text).toBeUndefined();
    }
  });
});
