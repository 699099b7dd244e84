import type { GatewayStatus } from '../../status/status.ts';
import { unitFormat } from '../../weather/display-units.ts';
import { formatDuration } from '../../weather/format.ts';
import { Charts } from './charts.ts';
import { element, setState, setText } from './elements.ts';
import { Live } from './live.ts';
import { showNotices } from './notices.ts';
import { showNow } from './now-panel.ts';
import { showDaemon, showLink, showPreAlerts, showSensors } from './station-panels.ts';
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

const live = new Live({
  onStatus: show,
  onLost: () => {
    document.body.classList.add('lost');
    setState(element('live'), 'alert', 'the gateway does not answer');
  },
});

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
