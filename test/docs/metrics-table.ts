import { createMetrics } from '../../src/http/metrics.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';
import { markdownTable } from '../markdown-table.ts';

/** The metrics of docs/messages.md, by what `GET /metrics` says of each. */
export const metricsTable = async (): Promise<string> => {
  const { text } = await createMetrics(createGatewayStatus).render();
  const kinds = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [name, kind]));
  const rows = [...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name = '', help = '']) => [
    `\`${name}\``,
    kinds.get(name) ?? '',
    help,
  ]);
  return markdownTable(['metric', 'type', 'meaning'], rows);
};
