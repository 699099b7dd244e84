import { expect, it } from 'vitest';
import { allSuites } from '../suites/suites.ts';
import { readPage } from './pages.ts';

it('docs/testing.md lists the suites in the order in which they run', () => {
  const [table = ''] = readPage('docs/testing.md').split('## How the tests are built');
  const names = [...table.matchAll(/^\| `([a-z-]+)`/gm)].map(([, name]) => name);
  expect(names).toEqual(allSuites.map(({ name }) => name));
});
