import { readFile, writeFile } from 'node:fs/promises';

/** A part of a page that a command writes, between two comments with this label. */
export type MarkedPart = { readonly page: URL; readonly label: string };

const split = async ({ page, label }: MarkedPart) => {
  const begin = `<!-- ${label}: begin -->`;
  const end = `<!-- ${label}: end -->`;
  const text = await readFile(page, 'utf8');
  const [before, rest] = text.split(begin);
  const [part, after] = (rest ?? '').split(end);
  if (before === undefined || part === undefined || after === undefined)
    throw new Error(`${page.href} has no part labelled ${label}`);
  return { before: `${before}${begin}`, part: part.trim(), after: `${end}${after}` };
};

export const readMarkedPart = async (place: MarkedPart): Promise<string> => (await split(place)).part;

export const writeMarkedPart = async (place: MarkedPart, text: string): Promise<void> => {
  const { before, after } = await split(place);
  await writeFile(place.page, `${before}\n\n${text}\n\n${after}`);
};
