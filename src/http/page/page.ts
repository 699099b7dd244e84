import type { GatewayStatus } from '../../status/status.ts';
import { unitFormat } from '../../weather/display-units.ts';
import { formatDuration } from '../../weather/format.ts';
import { Charts } from './charts.ts';
import { element, setState, setText } from './elements.ts';
import { showNow } from './now-panel.ts';
import { showDaemon, showLink, showNotices, showPreAlerts, showSensors } from './station-panels.ts';
import { WindRose } from './wind-rose.ts';

const rose = new WindRose();
const charts = new Charts((series, spanName) => rose.showSpan(series, spanName));
let version = '';

const sunText = ({ sun }: GatewayStatus): string => {
  if (sun === null) return '';
  if (sun.sunrise !== null && sun.sunset !== null) return ` · sun ${sun.sunrise} to ${sun.sunset}`;
  return sun.up === 'always' ? ' · the sun does not set' : ' · the sun does not rise';
};

const showHeader = (status: GatewayStatus): void => {
  const { station, latest, latestAgeSeconds, health } = status;
  document.title =
    latest?.temperature == null
      ? station.name
      : `${unitFormat(status.units).withUnit(latest.temperature, '°C')} · ${station.name}`;
  setText(element('station-name'), station.name);
  const newest =
    latest === null || latestAgeSeconds === null
      ? 'no reading yet'
      : `reading ${latest.seq} of ${latest.datetime} UTC, ${formatDuration(latestAgeSeconds)} ago`;
  setText(element('station-line'), `Station ${station.id} · ${newest}${sunText(status)}`);
  setState(
    element('health'),
    health.isHealthy ? 'good' : 'alert',
    health.isHealthy ? 'healthy' : 'not working',
  );
};

const show = (status: GatewayStatus): void => {
  // Another version of the daemon brings another page.
  if (version !== '' && version !== status.version) location.reload();
  version = status.version;
  document.body.classList.remove('lost');
  setState(element('live'), 'good', 'live');
  showHeader(status);
  charts.useUnits(status.units);
  showNotices(status);
  showNow(status);
  rose.showNow(status.latest?.winddirection ?? null);
  showLink(status);
  showPreAlerts(status);
  showSensors(status);
  showDaemon(status);
};

/** The daemon does not answer; attempts go on. */
const showLost = (): void => {
  document.body.classList.add('lost');
  setState(element('live'), 'alert', 'the gateway does not answer');
};

/** A browser gives up for good where the answer is not an event stream, such as a proxy's error page. */
const RETRY_MS = 5_000;
/** Events come every 2 s; a connection that died without a word is noticed by their absence. */
const SILENT_MS = 8_000;

/** The event stream, kept up while the page is looked at. */
class Live {
  #source: EventSource | null = null;
  #timer = 0;

  start(): void {
    this.stop();
    const source = new EventSource('api/events');
    this.#source = source;
    this.#expectEvent(SILENT_MS);
    source.addEventListener('status', ({ data }: MessageEvent<string>) => {
      this.#expectEvent(SILENT_MS);
      show(JSON.parse(data));
    });
    source.addEventListener('error', () => {
      showLost();
      if (source.readyState === EventSource.CLOSED) this.#expectEvent(RETRY_MS);
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  #expectEvent(withinMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      showLost();
      this.start();
    }, withinMs);
  }
}

const live = new Live();

const look = (): void => {
  if (document.hidden) {
    live.stop();
    charts.rest();
  } else {
    live.start();
    void charts.refresh();
  }
};

document.addEventListener('visibilitychange', look);
look();
