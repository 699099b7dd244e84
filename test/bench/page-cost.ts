import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { launchBrowser, openViewer } from '../system/browser.ts';
import { startSimulatedDaemon } from '../system/simulated-daemon.ts';
import { alone, atMost, type Bench, beside, type Figure, median } from './figure.ts';
import { cpuSeconds } from './process-usage.ts';

// What one viewer of the dashboard costs the daemon: nobody and a viewer take turns, so that what the daemon does by
// itself, and how its caches warm up, falls on both. CPU time of the process: other work on the machine hardly counts.
const SETTLE_MS = 40_000;
/** After a page was opened or closed. */
const TURN_MS = 3_000;
const ROUNDS = 4;
const ROUND_MS = 20_000;

const spans = [
  { name: '1 h', minutes: 60 },
  { name: '7 d', minutes: 10_080 },
];

const percentOfCore = async (pid: number): Promise<number> => {
  const startMs = performance.now();
  const startSeconds = await cpuSeconds(pid);
  await delay(ROUND_MS);
  const seconds = (performance.now() - startMs) / 1_000;
  return (((await cpuSeconds(pid)) - startSeconds) / seconds) * 100;
};

/** The page as somebody leaves it open, on charts of one length. */
const watch = async (page: Page, { name, minutes }: (typeof spans)[number]): Promise<void> => {
  await page.locator(`input[value="${minutes}"]`).check();
  await page.getByRole('figure', { name: `Temperature, last ${name}` }).waitFor();
  await delay(TURN_MS);
};

const figuresOf = (
  name: string,
  watched: readonly number[],
  unwatched: readonly number[],
): readonly Figure[] => {
  const shares = watched.map((percent, round) => percent - (unwatched[round] ?? Number.NaN));
  const [lowest, highest] = [Math.min(...shares), Math.max(...shares)].map((share) => share.toFixed(2));
  return [
    beside({
      name: `CPU with one viewer of charts of ${name}`,
      unit: '% of a core',
      ours: watched,
      other: { name: 'the same daemon, nobody looks', values: unwatched },
    }),
    alone({
      name: `of that the page's own, ${name} (${lowest} to ${highest} in ${ROUNDS} rounds)`,
      unit: '% of a core',
      ours: median(shares),
      goal: atMost('share', median(shares), 1),
    }),
  ];
};

/** Needs `npm run build` and Chromium. */
export const pageCost: Bench = {
  name: 'page-cost',
  measure: async () => {
    const daemon = await startSimulatedDaemon({ intervalSeconds: 12, pastDays: 8 });
    const browser = await launchBrowser();
    try {
      await daemon.mosquitto.start();
      await delay(SETTLE_MS);
      const unwatched: number[] = [];
      const watched = spans.map((): number[] => []);
      for (let round = 0; round < ROUNDS; round += 1) {
        unwatched.push(await percentOfCore(daemon.pid));
        for (const [index, span] of spans.entries()) {
          const { page } = await openViewer(browser, daemon.url);
          await watch(page, span);
          watched[index]?.push(await percentOfCore(daemon.pid));
          await page.close();
          await delay(TURN_MS);
        }
      }
      return spans.flatMap(({ name }, index) => figuresOf(name, watched[index] ?? [], unwatched));
    } finally {
      await browser.close();
      await daemon.dispose();
    }
  },
};
