import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Debian's Chromium; the flags keep it from looking for its maker's hosts. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

export type Look = {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
  /** For whatever is waited for. The machine may be doing anything else besides. */
  readonly timeoutMs?: number;
};

export type Viewer = {
  readonly page: Page;
  /** What went wrong in the browser: exceptions, violations of the content security policy, refused requests. */
  readonly complaints: string[];
  readonly requests: string[];
};

export const openViewer = async (
  browser: Browser,
  url: string,
  { width = 1360, height = 900, scheme = 'light', timeoutMs = 30_000 }: Look = {},
): Promise<Viewer> => {
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'Europe/London',
  });
  page.setDefaultTimeout(timeoutMs);
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, complaints, requests };
};

const screenshotDirectory = fileURLToPath(new URL('../../docs/images/', import.meta.url));

/** Pictures for the README and docs/, only where they are asked for: SCREENSHOTS=1 npm run test:system. */
export const takeScreenshot = async (page: Page, name: string, isWhole = true): Promise<void> => {
  if (process.env['SCREENSHOTS'] !== '1') return;
  await mkdir(screenshotDirectory, { recursive: true });
  await page.screenshot({ path: join(screenshotDirectory, `${name}.png`), fullPage: isWhole });
};
