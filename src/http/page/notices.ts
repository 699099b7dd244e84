import type { GatewayStatus } from '../../status/status.ts';
import { formatDuration } from '../../weather/format.ts';
import { create, element, replaceContent } from './elements.ts';
import { isActive } from './station-panels.ts';

type Notice = { readonly severity: 'warning' | 'alert'; readonly text: string };

const LATE_READINGS = 3;

const noticesOf = (status: GatewayStatus): Notice[] => {
  const { health, latestAgeSeconds, intervalSeconds, preAlerts } = status;
  const isStale = latestAgeSeconds !== null && latestAgeSeconds > LATE_READINGS * intervalSeconds;
  return [
    ...(health.isHealthy
      ? []
      : [
          {
            severity: 'alert' as const,
            text: `The station does not work: ${health.reason ?? 'reason unknown'}.`,
          },
        ]),
    ...preAlerts
      .filter(isActive)
      .map(({ severity, text }): Notice => ({ severity: severity === 'alert' ? 'alert' : 'warning', text })),
    // To the minute: what is announced must not change with each event.
    ...(isStale
      ? [
          {
            severity: 'warning' as const,
            text: `The newest reading is over ${formatDuration(Math.max(60, Math.floor(latestAgeSeconds / 60) * 60))} old.`,
          },
        ]
      : []),
  ];
};

/** What a person must not miss, above everything else. */
export const showNotices = (status: GatewayStatus): void =>
  replaceContent(
    element('notices'),
    noticesOf(status).map(({ severity, text }) =>
      create('p', { class: 'notice', 'data-severity': severity }, text),
    ),
  );
