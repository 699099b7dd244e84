import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { capacityFor } from './stack/capacity.ts';
import { costTable } from './stack/cost.ts';
import { readSettings } from './stack/settings.ts';
import { WeatherStack } from './stack/weather-stack.ts';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
const settings = readSettings(app.node, process.env['CDK_DEFAULT_REGION'] ?? 'us-east-1');
const account = process.env['CDK_DEFAULT_ACCOUNT'];
new WeatherStack(app, 'WeatherGateway', {
  description: 'Weather stations: IoT Core, Kinesis, Firehose, Redshift, Managed Flink, Lambda, SNS',
  env: { region: settings.region, ...(account === undefined ? {} : { account }) },
  settings,
});

const { quotas } = capacityFor(settings);
process.stderr.write(
  `\n${settings.stations} station(s), a reading every ${settings.intervalSeconds} s, profile ${settings.profile}:\n\n` +
    `${costTable(settings, settings)}\n\n` +
    quotas
      .map(({ name, needed, granted }) => `Ask AWS to raise: ${name}, ${granted} -> ${needed}\n`)
      .join(''),
);
