// npx tsx test/bench/page-cost.ts: what one viewer of the dashboard costs the daemon, in per cent of a core.
// Needs `npm run build`. CPU time of the process, so that other work on the machine does not count.
import { setTimeout as delay } from 'node:timers/promises';
import { launchBrowser, openViewer } from '../system/browser.ts';
import { startSimulatedDaemon } from '../system/simulated-daemon.ts';
import { cpuSeconds } from './process-usage.ts';

const MEASURE_SECONDS = 40;
const percentOfCore = async (pid: number): Promise<number> => {
  const [cpuAtStart, startMs] = [await cpuSeconds(pid), performance.now()];
  await delay(MEASURE_SECONDS * 1000);
  const seconds = (performance.now() - startMs) / 1000;
  return ((await cpuSeconds(pid)) - cpuAtStart) * (100 / seconds);
};

const spans = [
  { name: '1 h', minutes: 60 },
  { name: '24 h', minutes: 1_440 },
  { name: '7 d', minutes: 10_080 },
];

const daemon = await startSimulatedDaemon({ intervalSeconds: 12, pastDays: 8 });
const browser = await launchBrowser();
try {
  await daemon.mosquitto.start();
  await delay(10_000);
  const alone = await percentOfCore(daemon.pid);
  process.stdout.write(`nobody looks: ${alone.toFixed(2)} % of a core\n`);
  const { page } = await openViewer(browser, daemon.url);
  for (const { name, minutes } of spans) {
    await page.locator(`input[value="${minutes}"]`).check();
    await page.getByRole('figure', { name: `Temperature, last ${name}` }).waitFor();
    const watched = await percentOfCore(daemon.pid);
    process.stdout.write(
      `one viewer of ${name}: ${watched.toFixed(2)} %, the page costs ${(watched - alone).toFixed(2)} %\n`,
    );
  }
} finally {
  await browser.close();
  await daemon.dispose();
}
