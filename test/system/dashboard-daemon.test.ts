import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openViewer } from './browser.ts';
import { type SimulatedDaemon, startSimulatedDaemon } from './simulated-daemon.ts';

/** The vane's converter answers only after a while; the heat goes on for as long as anybody looks. */
const events = [
  { kind: 'busError', chip: 'ads1115', forSeconds: 40 },
  { kind: 'weather', temperatureC: 45 },
];
const preAlerts = [
  {
    id: 'heat',
    kind: 'limit',
    quantity: 'temperature',
    direction: 'above',
    alert: 40,
    hysteresis: 1,
    onDelaySeconds: 0,
  },
];

describe('the dashboard of a simulated station', () => {
  let browser: Browser;
  let daemon: SimulatedDaemon;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    browser = await launchBrowser();
    daemon = await startSimulatedDaemon({ events, preAlerts });
    ({ page, complaints } = await openViewer(browser, daemon.url));
  });
  afterAll(async () => {
    await browser.close();
    await daemon.dispose();
  });

  const sees = (selector: string, text: string | RegExp): Promise<void> =>
    page.locator(selector, { hasText: text }).first().waitFor({ timeout: 180_000 });

  const shownNumber = async (name: string): Promise<number> => {
    const row = page.locator('#outbox > div', { hasText: name }).locator('dd');
    return Number((await row.textContent())?.replaceAll(',', ''));
  };

  it('names the sensor that fails from the start, and why', async () => {
    await sees('#sensors li[data-state=alert]', 'Wind vane');
    await sees('#winddirection-flag', /^direction missing: /);
  });

  it('measures on while the broker is away, and says how much waits', async () => {
    await sees('#link-pill', /offline|connecting/);
    await expect.poll(() => shownNumber('Readings waiting')).toBeGreaterThan(5);
    await sees('#health', 'healthy');
    await sees('#temperature', /^4\d\.\d$/);
  });

  it('announces the pre-alert without any network', async () => {
    await page.getByRole('alert').getByText(/40/).first().waitFor({ timeout: 180_000 });
    await sees('#pre-alerts li[data-state=alert]', 'heat');
  });

  it('shows the backlog go once the broker is back', async () => {
    await daemon.mosquitto.start();
    await sees('#link-pill', 'online');
    await expect.poll(() => shownNumber('Readings waiting')).toBeLessThan(3);
    expect(await shownNumber('Delivered')).toBeGreaterThan(5);
  });

  it('shows the sensor recover, and its fault still', async () => {
    await sees('#sensors li[data-state=good]', /Wind vane.*UTC: /);
    await page.locator('#winddirection-flag').waitFor({ state: 'hidden', timeout: 180_000 });
  });

  it('shows the next outage, too', async () => {
    await daemon.mosquitto.stop('SIGKILL');
    await sees('#link-pill', /offline|connecting/);
    await expect.poll(() => shownNumber('Readings waiting')).toBeGreaterThan(2);
  });

  it('has drawn what was measured, and complained of nothing', async () => {
    await page.getByRole('figure', { name: /^Temperature, last 1 h: 4\d\.\d( to 4\d\.\d)? °C/ }).waitFor();
    expect(complaints).toEqual([]);
  });
});
