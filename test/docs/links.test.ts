import { existsSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../src/commands/cli.ts';
import { createRecordingContext } from '../fakes/command-context.ts';
import { pages, readPage, root } from './pages.ts';

const withoutCode = (text: string): string =>
  text.replace(/^( *)```[\s\S]*?^\1```$/gm, '').replace(/`[^`\n]*`/g, '');

/** Fenced blocks and code spans of a page, where commands are quoted. */
const codeOf = (text: string): string[] => [
  ...[...text.matchAll(/^( *)```[^\n]*\n([\s\S]*?)^\1```$/gm)].map(([, , block = '']) => block),
  ...[...text.replace(/^( *)```[\s\S]*?^\1```$/gm, '').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span),
];

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (path: string): string[] =>
  [...withoutCode(readPage(path).replace(/`/g, '')).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    anchorOf(heading),
  );

type Link = { readonly page: string; readonly target: string };

const links: readonly Link[] = pages.flatMap((page) =>
  [...withoutCode(readPage(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ page, target })),
);

/** Why a link leads nowhere, or `null`. */
const complaint = ({ page, target }: Link): string | null => {
  if (/^https?:/.test(target)) return null;
  const [path = '', anchor] = target.split('#');
  const file = new URL(path === '' ? page : path, new URL(page, root));
  if (path !== '' && !existsSync(file)) return `${page}: ${target}: no such file`;
  if (anchor === undefined) return null;
  const linked = path === '' ? page : decodeURIComponent(file.href.slice(root.href.length));
  if (statSync(new URL(linked, root)).isDirectory() || !linked.endsWith('.md'))
    return `${page}: ${target}: an anchor in something that is no page`;
  return anchorsOf(linked).includes(anchor) ? null : `${page}: ${target}: no such heading`;
};

const { scripts }: { scripts: Record<string, string> } = JSON.parse(readPage('package.json'));

const quotes = pages.flatMap((page) => codeOf(readPage(page)).map((code) => ({ page, code })));

const usage = async (): Promise<string> => {
  const context = createRecordingContext();
  await runCommandLine(['--help'], {}, context);
  return (await context.written()).out;
};

describe('the pages', () => {
  it('have no dead link: files and headings are there', () => {
    expect(links.length).toBeGreaterThan(50);
    expect(links.map(complaint).filter((text) => text !== null)).toEqual([]);
  });

  it('name files and folders that exist', () => {
    // The page of the Flink job names those of its own folder.
    const named = quotes
      .filter(({ page }) => !page.startsWith('cloud/'))
      .flatMap(({ page, code }) =>
        (/^(?:src|test|cloud|config|docs|systemd)\/[\w./-]+$/.exec(code) ?? []).map((path) => ({
          page,
          path,
        })),
      );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ path }) => !existsSync(new URL(path, root)))).toEqual([]);
  });

  it('quote npm scripts that exist', () => {
    const quoted = quotes.flatMap(({ page, code }) =>
      [...code.matchAll(/\bnpm run (?:-\S+ |--\S+ )*([a-z][a-z:-]*)/g)].map(([, name = '']) => ({
        page,
        name,
      })),
    );
    expect(quoted.length).toBeGreaterThan(10);
    expect(quoted.filter(({ name }) => scripts[name] === undefined)).toEqual([]);
  });

  it('quote commands of weather-gateway that exist, with options they have', async () => {
    const lines = new Map(
      [...(await usage()).matchAll(/^ {2}([a-z]+) +(.*)$/gm)].map(([, name = '', line = '']) => [name, line]),
    );
    const quoted = quotes.flatMap(({ page, code }) =>
      [...code.matchAll(/(?<![\w/.-])weather-gateway ([a-z]+)(?![\w-])([^\n&|;#]*)/g)].map(
        ([, name = '', rest = '']) => ({ page, name, options: rest.match(/--[a-z-]+/g) ?? [] }),
      ),
    );
    expect(quoted.length).toBeGreaterThan(20);
    expect(quoted.filter(({ name }) => !lines.has(name))).toEqual([]);
    expect(
      quoted.filter(({ name, options }) =>
        options.some((option) => lines.get(name)?.includes(option) !== true),
      ),
    ).toEqual([]);
  });
});

describe('README.md', () => {
  it('is at most 6 KB, so that it is read in three minutes', () => {
    expect(statSync(new URL('README.md', root)).size).toBeLessThanOrEqual(6_000);
  });

  it('links to every page of docs/', () => {
    const linked = links.filter(({ page }) => page === 'README.md').map(({ target }) => target);
    expect(linked).toEqual(expect.arrayContaining(pages.filter((page) => page.startsWith('docs/'))));
  });
});
