import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createMetrics } from '../../src/http/metrics.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';

const dashboard = z
  .object({
    panels: z.array(
      z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) }),
    ),
    templating: z.object({
      list: z.array(z.object({ name: z.string(), definition: z.string().optional() })),
    }),
  })
  .parse(JSON.parse(readFileSync(new URL('../../config/grafana-dashboard.json', import.meta.url), 'utf8')));

const metricNames = (expression: string): string[] =>
  expression.match(/\b(?:weather|process)_[a-z_]+/g) ?? [];

const served = async (): Promise<Set<string>> => {
  const metrics = createMetrics(createGatewayStatus);
  metrics.observeCommit(0.01);
  metrics.observePuback(0.1);
  const { text } = await metrics.render();
  return new Set([...text.matchAll(/^([a-z_]+)[ {]/gm)].map(([, name = '']) => name));
};

describe('the Grafana dashboard', () => {
  const queries = [
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...dashboard.templating.list.map(({ definition }) => definition ?? ''),
  ];

  it('asks only for metrics that the gateway serves', async () => {
    const known = await served();
    expect(queries.flatMap(metricNames).filter((name) => !known.has(name))).toEqual([]);
  });

  it('shows every metric that the gateway serves', async () => {
    const asked = new Set(queries.flatMap(metricNames));
    const unseen = [...(await served())].filter((name) => !asked.has(name) && !/_(sum|count)$/.test(name));
    expect(unseen).toEqual([]);
  });

  it('takes its rates of counters only, over the chosen stations only', () => {
    const rated = queries.flatMap((query) => query.match(/(?:rate|increase)\(([a-z_]+)/g) ?? []);
    expect(rated.filter((call) => !/_(total|bucket)$/.test(call))).toEqual([]);
    for (const { targets } of dashboard.panels)
      for (const { expr } of targets) expect(expr).toContain('instance=~"$instance"');
  });
});
