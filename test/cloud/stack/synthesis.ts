import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readSettings } from '../../../cloud/stack/settings.ts';
import { WeatherStack } from '../../../cloud/stack/weather-stack.ts';

const { context: flags }: { context: Record<string, unknown> } = JSON.parse(
  readFileSync(new URL('../../../cloud/cdk.json', import.meta.url), 'utf8'),
);

type Finding = { readonly ruleName: string; readonly severity: string; readonly description: string };

export type Synthesis = {
  readonly template: Template;
  /** Of the CloudFormation validator and cdk-nag; errors would have thrown. */
  readonly findings: readonly Finding[];
};

/** What `npm run cloud:synth` makes of these settings, checks included. Throws where it would fail. */
export const synthesize = (
  settings: Readonly<Record<string, string | number | boolean>> = {},
  account?: string,
): Synthesis => {
  const outdir = mkdtempSync(join(tmpdir(), 'weather-synth-'));
  try {
    const app = new App({ outdir, context: { ...flags, ...settings } });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    const read = readSettings(app.node, 'us-east-1');
    const stack = new WeatherStack(app, 'WeatherGateway', {
      env: { region: read.region, ...(account === undefined ? {} : { account }) },
      settings: read,
    });
    const template = Template.fromStack(stack);
    const report: { pluginReports: { violations: Finding[] }[] } = JSON.parse(
      readFileSync(join(outdir, 'validation-report.json'), 'utf8'),
    );
    return { template, findings: report.pluginReports.flatMap(({ violations }) => violations) };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
};
