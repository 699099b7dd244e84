import { Duration, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { athenaEnvironment } from '../sql/athena-session.ts';
import { dataApiEnvironment } from '../sql/data-api.ts';
import { accountAsShown } from './acknowledge.ts';
import { BundledFunction } from './bundled-function.ts';
import type { Lake } from './lake.ts';
import type { Warehouse } from './warehouse.ts';
import { allowDataApi } from './warehouse-schema-update.ts';

export type DailyCheckProps = {
  readonly warehouse: Warehouse | undefined;
  readonly lake: Lake | undefined;
};

/** Once a day: certificates about to end, rows that COPY skipped, holes that nobody explains. */
export class DailyCheck extends Construct {
  readonly checker: BundledFunction;

  constructor(scope: Construct, id: string, { warehouse, lake }: DailyCheckProps) {
    super(scope, id);
    this.checker = new BundledFunction(this, 'Checker', {
      functionName: 'daily-check',
      description: 'Counts days of certificates, load errors and missing readings',
      timeout: Duration.minutes(10),
      environment: {
        ...(warehouse ? dataApiEnvironment(warehouse.dataApi) : {}),
        ...(lake ? athenaEnvironment(lake.target) : {}),
      },
    });
    if (warehouse) allowDataApi(this.checker, warehouse);
    lake?.allowQueries(this.checker);
    this.#allowCertificates();
    new Rule(this, 'Daily', {
      schedule: Schedule.cron({ minute: '15', hour: '5' }),
      targets: [new LambdaFunction(this.checker.function)],
    });
  }

  #allowCertificates(): void {
    const { partition, region, account } = Stack.of(this);
    this.checker.allowAny(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['iot:DescribeCertificate'],
        resources: [`arn:${partition}:iot:${region}:${account}:cert/*`],
      }),
      {
        [`Resource::arn:aws:iot:${region}:${accountAsShown(this)}:cert/*`]:
          'It looks at every certificate of the account, and can only look.',
      },
    );
    this.checker.allowAny(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['iot:ListCACertificates', 'iot:ListCertificates', 'iot:ListCertificatesByCA'],
        resources: ['*'],
      }),
      { 'Resource::*': 'AWS has no resource type for a list of certificates.' },
    );
  }
}
