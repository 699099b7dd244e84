import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadMapping } from '../../src/replay/mapping.ts';
import { derivedQuantities } from '../../src/weather/derived.ts';
import { readPage } from './pages.ts';

const page = readPage('docs/quality-and-alerts.md');

describe('docs/quality-and-alerts.md', () => {
  it('lists the derived quantities', () => {
    const section = page.split('\n## ').find((text) => text.startsWith('Derived')) ?? '';
    const names = [...section.matchAll(/^\| `([a-z]+)`/gm)].map(([, name]) => name);
    expect(names).toEqual([...derivedQuantities]);
  });

  it('shows a mapping without a problem', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mapping-'));
    const file = join(folder, 'mapping.yaml');
    const [, example = ''] = /^```yaml\n([\s\S]*?)^```$/m.exec(page) ?? [];
    await writeFile(file, example);
    const mapping = await loadMapping(file).finally(() => rm(folder, { recursive: true }));
    expect(Object.keys(mapping).length).toBeGreaterThan(3);
  });
});
