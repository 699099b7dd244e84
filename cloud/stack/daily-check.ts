import { Duration, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { CfnThingGroup } from 'aws-cdk-lib/aws-iot';
import { Construct } from 'constructs';
import { athenaEnvironment } from '../sql/athena-session.ts';
import { dataApiEnvironment } from '../sql/data-api.ts';
import { accountAsShown } from './acknowledge.ts';
import { BundledFunction } from './bundled-function.ts';
import type { Lake } from './lake.ts';
import type { Warehouse } from './warehouse.ts';
import { allowDataApi } from './warehouse-schema-update.ts';

export type DailyCheckProps = {
  readonly group: CfnThingGroup;
  readonly warehouse: Warehouse | undefined;
  readonly lake: Lake | undefined;
};

/** Once a day: certificates about to end, rows that COPY skipped, holes that nobody explains. */
export class DailyCheck extends Construct {
  readonly checker: BundledFunction;

  constructor(scope: Construct, id: string, { group, warehouse, lake }: DailyCheckProps) {
    super(scope, id);
    this.checker = new BundledFunction(this, 'Checker', {
      functionName: 'daily-check',
      description: 'Counts days of certificates, load errors and missing readings',
      timeout: Duration.minutes(10),
      environment: {
        THING_GROUP: group.ref,
        ...(warehouse ? dataApiEnvironment(warehouse.dataApi) : {}),
        ...(lake ? athenaEnvironment(lake.target) : {}),
      },
    });
    if (warehouse) allowDataApi(this.checker, warehouse);
    lake?.allowQueries(this.checker);
    this.#allowCertificates(group);
    new Rule(this, 'Daily', {
      schedule: Schedule.cron({ minute: '15', hour: '5' }),
      targets: [new LambdaFunction(this.checker.function)],
    });
  }

  #allowCertificates(group: CfnThingGroup): void {
    const { partition, region, account } = Stack.of(this);
    this.checker.allow(['iot:ListThingsInThingGroup'], [group.attrArn]);
    const own = (kind: string): string => `arn:${partition}:iot:${region}:${account}:${kind}/*`;
    const shown = (kind: string): string =>
      `Resource::arn:aws:iot:${region}:${accountAsShown(this)}:${kind}/*`;
    const reason = 'It looks at every station and its certificate, and can only look.';
    this.checker.allowAny(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['iot:DescribeCertificate', 'iot:ListThingPrincipals'],
        resources: [own('cert'), own('thing')],
      }),
      { [shown('cert')]: reason, [shown('thing')]: reason },
    );
  }
}
