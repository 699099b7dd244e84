import { readdir, readFile, stat } from 'node:fs/promises';
import process from 'node:process';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayStatus } from '../../src/status/status.ts';
import { deriveFrom, RECENT_SPAN_MS } from '../../src/weather/derived.ts';
import { readingMessage } from '../../src/weather/message.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';
import { launchBrowser, openViewer, takeScreenshot, type Viewer } from './browser.ts';
import { type DashboardStation, openDashboardStation } from './dashboard-station.ts';

const operations = new URL('../../docs/operations.md', import.meta.url);
const builtPage = new URL('../../dist/http/page/', import.meta.url);
const normal = createGatewayStatus();

const waitingReadings = (waiting: number, oldestAgeSeconds: number | null): GatewayStatus['outbox'] => ({
  ...normal.outbox,
  lanes: {
    ...normal.outbox.lanes,
    reading: { ...normal.outbox.lanes.reading, waiting, waitingBytes: waiting * 340 },
  },
  oldestAgeSeconds,
});

const heat = {
  rule: 'heat',
  state: 'active',
  severity: 'alert',
  text: 'Temperature is 41.2 °C, above the limit of 40 °C.',
  output: { gpio: 17, state: 'on' as const },
};

const noAnswer = {
  name: 'bme280',
  title: 'BME280, air',
  state: 'failing' as const,
  errors: 41,
  lastFault: {
    code: 'no-answer',
    message: 'BME280 0x76: nothing answers (EREMOTEIO)',
    datetime: '2026-06-01 11:22:33',
  },
};

/** The newest of the recorded weather as the newest reading, so that a picture agrees with itself. */
const showNewest = async ({ history, show }: DashboardStation): Promise<void> => {
  const recent = await history.recent(RECENT_SPAN_MS);
  const newest = recent.at(-1);
  if (newest === undefined) throw new Error('nothing was recorded');
  show({
    latest: readingMessage({ deviceid: '1', epoch: '01JX', seq: recent.length }, newest, {
      wallMs: newest.at.wallMs,
      timequality: 'synced',
    }),
    derived: deriveFrom(recent, { intervalMs: 12_000, elevationMetres: 12 }),
  });
};

const drawnCharts = (page: Page) => page.locator('.plot canvas');

describe('the dashboard', () => {
  let browser: Browser;
  let station: DashboardStation;
  let viewer: Viewer;

  beforeAll(async () => {
    [browser, station] = await Promise.all([launchBrowser(), openDashboardStation({ days: 2 })]);
    viewer = await openViewer(browser, station.url);
    await drawnCharts(viewer.page).nth(5).waitFor();
  });
  afterAll(async () => {
    await browser.close();
    await station.close();
  });

  const sees = async (selector: string, text: string | RegExp): Promise<void> => {
    await viewer.page.locator(selector, { hasText: text }).first().waitFor();
  };

  it('is at most 150 kB of HTML, CSS and script, and as much as docs/operations.md says', async () => {
    const sizes = await Promise.all(
      (await readdir(builtPage)).map(async (name) => (await stat(new URL(name, builtPage))).size),
    );
    expect(sizes.length).toBe(3);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeLessThanOrEqual(150_000);
    const [, kilobytes] = /script are (\d+) kB/.exec(await readFile(operations, 'utf8')) ?? [];
    expect(Math.abs(Number(kilobytes) - bytes / 1_000)).toBeLessThan(2);
  });

  it('shows the newest reading and what follows from it', async () => {
    await sees('h1', 'UK-Worthing');
    await sees('#temperature', '18.4');
    await sees('#humidity', '61');
    await sees('#winddirection', 'SW 225°');
    await sees('#pressuretendency', '↘ −1.6 hPa');
    await sees('#rainhour', '2.2');
    expect(await viewer.page.title()).toBe('18.4 °C · UK-Worthing');
    expect(await viewer.page.getAttribute('#rose', 'aria-label')).toMatch(
      /^Wind rose: now from SW, in the last 1 h mostly from [NESW]+$/,
    );
  });

  it('shows rain of the local day and of the event, and the sun', async () => {
    await sees('#raintoday', '4.2 mm');
    await sees('#rainevent', '6.1 mm');
    await sees('#station-line', 'sun 04:53 to 21:05');
    station.show({
      rain: { date: '2026-06-01', todayMm: 0, event: null },
      sun: { up: 'always', sunrise: null, sunset: null },
    });
    await sees('#raintoday', '0.0 mm');
    await sees('#station-line', 'the sun does not set');
    expect(await viewer.page.locator('#rainevent-fact').isVisible()).toBe(false);
    station.show({ rain: normal.rain, sun: normal.sun });
  });

  it('shows values and charts in the units of the configuration', async () => {
    station.show({ units: 'imperial' });
    await sees('#temperature', '65.1');
    await sees('[data-quantity=temperature] .value', '°F');
    await sees('#pressuretendency', '↘ −0.05 inHg');
    await sees('[data-quantity=wind] .value', 'mph');
    await sees('figcaption strong', 'Temperature, °F');
    await drawnCharts(viewer.page).nth(5).waitFor();
    expect(await viewer.page.title()).toBe('65.1 °F · UK-Worthing');

    station.show({ units: 'mixed' });
    await sees('figcaption strong', 'Temperature, °C');
    await sees('figcaption strong', 'Wind and gusts, mph');

    station.show({ units: 'metric' });
    await sees('figcaption strong', 'Wind and gusts, km/h');
    await drawnCharts(viewer.page).nth(5).waitFor();
  });

  it('takes nothing from elsewhere and breaks no rule of its own', () => {
    expect(viewer.requests.filter((url) => !url.startsWith(station.url) && !url.startsWith('data:'))).toEqual(
      [],
    );
    expect(viewer.complaints).toEqual([]);
  });

  it('tells an outage, its backlog, and how the backlog drains', async () => {
    station.show({
      link: {
        state: 'disconnected',
        reason: 'no route to host',
        sinceSeconds: 7_200,
        reconnects: 2,
        problem: null,
      },
      outbox: waitingReadings(600, 7_200),
    });
    await sees('#link-pill', 'offline');
    await sees('#link', 'Offline for 2 h: no route to host');
    await sees('#outbox', /Readings waiting\s*600/);
    await sees('#outbox', /Oldest waiting\s*2 h old/);
    await sees('#outbox', /Room for\s*209 d 1 h more/);
    await sees('#health', 'healthy');

    station.show({
      link: { state: 'connected', sinceSeconds: 3, reconnects: 3, problem: null },
      outbox: waitingReadings(450, 5_400),
      drain: { readingsPerSecond: 50, secondsLeft: 9, startedWith: 600 },
    });
    await sees('#link', 'Connected for 3 s');
    await sees('#drain-text', '150 of 600 sent, 50 a second, 9 s left');
    expect(await viewer.page.locator('#drain-progress').getAttribute('value')).toBe('0.25');

    station.show({ outbox: normal.outbox, drain: normal.drain });
    await sees('#outbox', /Readings waiting\s*0/);
    await viewer.page.locator('#drain').waitFor({ state: 'hidden' });
  });

  it('announces a pre-alert and takes it back', async () => {
    station.show({ preAlerts: [heat] });
    const notice = viewer.page.getByRole('alert').getByText(heat.text);
    await notice.waitFor();
    await sees('#pre-alerts li[data-state=alert]', /heat.*GPIO 17 is on\./s);

    station.show({ preAlerts: normal.preAlerts });
    await notice.waitFor({ state: 'detached' });
    await sees('#pre-alerts li[data-state=good]', 'frost');
  });

  it('names a sensor that fails and why, shows no number in its stead, and remembers it afterwards', async () => {
    const { instruments, latest } = normal;
    const others = instruments.slice(1);
    station.show({
      instruments: [noAnswer, ...others],
      latest: latest && {
        ...latest,
        humidity: null,
        quality: { humidity: 'missing:no-answer', windgust: 'suspect:gust' },
      },
    });
    await sees('#humidity', '–');
    await sees('#humidity-flag', 'missing: no answer');
    await sees('#windgust-flag', 'gust suspect: contradicts the mean');
    await sees('#sensors li[data-state=alert]', 'no value');
    await sees('#sensors', 'nothing answers (EREMOTEIO)');
    await sees(
      '#notices',
      /There is no value from: BME280, air\. On the station, “sudo weather-gateway doctor” says/,
    );

    station.show({ instruments: [{ ...noAnswer, state: 'ok' }, ...others], latest });
    await sees('#sensors li[data-state=good]', '2026-06-01 11:22:33 UTC: BME280 0x76: nothing answers');
    await sees('#humidity', '61');
    expect(await viewer.page.locator('#notices').textContent()).toBe('');
    await viewer.page.locator('#humidity-flag').waitFor({ state: 'hidden' });
  });

  it('says that the connection does not work where waiting does not help', async () => {
    const problem = 'the certificate /etc/weather-gateway/device.pem cannot be used: no such file';
    station.show({ link: { ...normal.link, state: 'disconnected', reason: problem, problem } });
    await sees('#link', problem);
    await sees(
      '#notices',
      /connection to the cloud does not work; readings are kept until it does\. On the station, “sudo/,
    );

    station.show(normal);
    await viewer.page.locator('#notices .notice').waitFor({ state: 'detached' });
  });

  it('says when the station does not work, its clock is not set or its certificate expires', async () => {
    station.show({
      health: { isHealthy: false, reason: 'no sample was taken in time' },
      latestAgeSeconds: 200,
      clock: { isSynchronized: false, steps: 1 },
      certificateDaysLeft: 12,
    });
    await sees('#health', 'not working');
    await sees('#notices', 'The station does not work: no sample was taken in time.');
    await sees('#notices', 'The newest reading is over 3 min old.');
    await sees('#daemon dd[data-state=warning]', 'not synchronized');
    await sees('#daemon dd[data-state=warning]', '12 days left');

    station.show(normal);
    await sees('#health', 'healthy');
  });

  it('says how the machine is, as far as the machine tells it', async () => {
    await sees('#daemon', 'Processor temperature48.3 °C');
    await sees('#daemon', /Wi-Fi signal.61 dBm/);
    station.show({
      machine: {
        isUnderVoltage: true,
        underVoltages: 2,
        lastUnderVoltage: '2026-06-01 11:22:33',
        isThrottled: true,
      },
    });
    await sees('#daemon dd[data-state=alert]', 'too low 2 times, last at 2026-06-01 11:22:33 UTC');
    await sees('#daemon dd[data-state=warning]', 'slowed down');
    expect(await viewer.page.locator('#daemon').textContent()).not.toContain('Wi-Fi');
    station.show(normal);
    await sees('#daemon', 'Wi-Fi');
  });

  it('can be read and steered by the keyboard alone', async () => {
    const { page } = viewer;
    await page.getByRole('radio', { name: '1 h', exact: true }).focus();
    const fetched = page.waitForResponse(/minutes=180$/);
    await page.keyboard.press('ArrowRight');
    await fetched;
    await page.getByRole('figure', { name: /^Temperature, last 3 h: .* °C/ }).focus();
    await page.keyboard.press('ArrowLeft');
    await sees('.chart output', /\d\d:\d\d:\d\d {2}−?\d+\.\d °C$/);

    await page.getByRole('figure', { name: /^Humidity, last 3 h/ }).focus();
    await page.keyboard.press('End');
    // The row before may hold one reading that was measured and one that was not.
    for (let presses = 0; presses < 80; presses += 1) {
      await page.keyboard.press('ArrowLeft');
      if ((await page.locator('.chart output').nth(1).textContent())?.includes('– (missing')) break;
    }
    await sees('.chart output', /– \(missing: no answer\)$/);
  });

  it.each(['light', 'dark'] as const)('has nothing for axe to complain of, in the %s', async (scheme) => {
    await viewer.page.emulateMedia({ colorScheme: scheme });
    await viewer.page.evaluate(axe.source);
    const { violations } = await viewer.page.evaluate<axe.AxeResults>('axe.run()');
    expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([]);
  });

  it.each([320, 390])('fits a phone %i pixels wide, trouble and all', async (width) => {
    station.show({ preAlerts: [heat], instruments: [noAnswer, ...normal.instruments.slice(1)] });
    const { page } = await openViewer(browser, station.url, { width, height: 640 });
    await page.locator('#sensors', { hasText: 'nothing answers' }).waitFor();
    await drawnCharts(page).nth(5).waitFor();

    const overhang = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    // A card cuts off what does not fit in, and the page is no wider for it.
    const [card, rose] = [
      await page.locator('.wind').boundingBox(),
      await page.locator('#rose').boundingBox(),
    ];
    await page.close();
    station.show(normal);
    expect(overhang).toBe(0);
    expect((rose?.x ?? 0) + (rose?.width ?? 0)).toBeLessThan((card?.x ?? 0) + (card?.width ?? 0));
  });

  it('says when the gateway does not answer, and comes back by itself', async () => {
    const gone = await openDashboardStation();
    const { page } = await openViewer(browser, gone.url);
    await page.locator('#live', { hasText: 'live' }).waitFor();
    const port = Number(new URL(gone.url).port);

    await gone.close();
    await page.locator('#live', { hasText: 'the gateway does not answer' }).waitFor();
    const back = await openDashboardStation({ port });
    await page.locator('#live', { hasText: /^live$/ }).waitFor();

    await page.close();
    await back.close();
  });
});

describe('the pictures in the documentation', () => {
  it('are of a week of weather, in light, in the dark, and on a phone', async () => {
    const [browser, station] = await Promise.all([
      launchBrowser(),
      openDashboardStation({ days: process.env['SCREENSHOTS'] === '1' ? 8 : 1, seed: 3 }),
    ]);
    await showNewest(station);
    station.show({
      link: { state: 'connected', sinceSeconds: 40, reconnects: 3, problem: null },
      outbox: waitingReadings(18_234, 218_808),
      drain: { readingsPerSecond: 1_840, secondsLeft: 10, startedWith: 30_000 },
    });
    const looks = [
      { name: 'dashboard', look: {}, minutes: 60 },
      { name: 'dashboard-dark', look: { scheme: 'dark' as const }, minutes: 10_080 },
      { name: 'dashboard-phone', look: { width: 390, height: 844 }, minutes: 1_440 },
    ];
    for (const { name, look, minutes } of looks) {
      const { page, complaints } = await openViewer(browser, station.url, look);
      await page.locator('#live', { hasText: 'live' }).waitFor();
      await drawnCharts(page).nth(5).waitFor();
      if (minutes !== 60) {
        const fetched = page.waitForResponse(new RegExp(`minutes=${minutes}$`));
        await page.locator(`input[value="${minutes}"]`).check();
        await fetched;
        await page.getByRole('figure', { name: /^Temperature, last (24 h|7 d)/ }).waitFor();
      }
      await takeScreenshot(page, name, name !== 'dashboard-phone');
      expect(complaints).toEqual([]);
      await page.close();
    }
    await browser.close();
    await station.close();
  });
});
