import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

export type PageFile = {
  /** Where it is served. */
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
  readonly etag: string;
};

const files = [
  { name: 'index.html', path: '/', contentType: 'text/html; charset=utf-8' },
  { name: 'page.js', path: '/page.js', contentType: 'text/javascript; charset=utf-8' },
  { name: 'page.css', path: '/page.css', contentType: 'text/css; charset=utf-8' },
] as const;

/** Reads the built page once: no path of a request ever reaches the file system. */
export const loadPageFiles = (directory: URL): Promise<PageFile[]> =>
  Promise.all(
    files.map(async ({ name, path, contentType }) => {
      const body = await readFile(new URL(name, directory));
      return { path, contentType, body, etag: `"${createHash('sha256').update(body).digest('hex')}"` };
    }),
  );
