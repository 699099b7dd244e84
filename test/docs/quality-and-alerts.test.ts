import { expect, it } from 'vitest';
import { derivedQuantities } from '../../src/weather/derived.ts';
import { readPage } from './pages.ts';

it('docs/quality-and-alerts.md lists the derived quantities', () => {
  const section =
    readPage('docs/quality-and-alerts.md')
      .split('\n## ')
      .find((text) => text.startsWith('Derived')) ?? '';
  const names = [...section.matchAll(/^\| `([a-z]+)`/gm)].map(([, name]) => name);
  expect(names).toEqual([...derivedQuantities]);
});
