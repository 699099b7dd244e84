import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StackOutputs } from '../contract/outputs.ts';
import { Alarms, createBudget, createOperationsTopic } from './alarms.ts';
import { Alerts } from './alerts.ts';
import { Analytics } from './analytics.ts';
import { capacityFor } from './capacity.ts';
import { isAskedHourly } from './cost.ts';
import { DailyCheck } from './daily-check.ts';
import { Operation } from './dashboard.ts';
import { createDeliveryRole, Delivery } from './delivery.ts';
import { Devices } from './devices.ts';
import { Ingest, Streams } from './ingest.ts';
import { Lake } from './lake.ts';
import { hasRedshift } from './profiles.ts';
import type { Settings } from './settings.ts';
import { StationList } from './station-list.ts';
import { Storage } from './storage.ts';
import { Warehouse } from './warehouse.ts';

/** How long the files of Firehose are kept. */
const KEPT = {
  serverless: 'while-loading',
  provisioned: 'while-loading',
  athena: 'compacted',
  none: 'always',
} as const;

/** The post's systems and what running them takes, wired together. */
export class WeatherStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly settings: Settings }) {
    super(scope, id, props);
    const { settings } = props;
    const capacity = capacityFor(settings);
    const storage = new Storage(this, 'Storage', KEPT[settings.warehouse]);
    const { deliveries, errors, stations } = storage;
    const stationList = new StationList(this, 'StationList', stations);
    const role = createDeliveryRole(this);
    const warehouse = hasRedshift(settings)
      ? new Warehouse(this, 'Warehouse', { settings, capacity, deliveryRole: role, flowLogs: errors })
      : undefined;
    const lake =
      settings.warehouse === 'athena'
        ? new Lake(this, 'Lake', { deliveries, stations, hasAnalytics: settings.analytics })
        : undefined;
    const delivery = new Delivery(this, 'Delivery', { settings, warehouse, deliveries, errors, role });
    const streams = settings.analytics ? new Streams(this, 'Streams', { settings, capacity }) : undefined;
    const alerts = new Alerts(this, 'Alerts', {
      stream: streams?.alerts,
      errors,
      stations,
      alertEmail: settings.alertEmail,
      // An alert need not wait as long as in the post.
      batchingSeconds: settings.profile === 'post' ? 60 : 5,
    });
    const mailer = streams ? undefined : alerts.mailer;
    const ingest = new Ingest(this, 'Ingest', { settings, streams, mailer, delivery, errors });
    const analytics = streams
      ? new Analytics(this, 'Analytics', {
          capacity,
          delivery,
          stations,
          stationList,
          readings: streams.readings,
          alerts: streams.alerts,
          jar: settings.analyticsJar,
        })
      : undefined;
    const devices = new Devices(this, 'Devices', { topicPrefix: settings.topicPrefix });
    const operations = createOperationsTopic(this, settings.operatorEmail);
    const { sentMails } = alerts;
    const dailyCheck = new DailyCheck(this, 'DailyCheck', {
      warehouse,
      lake,
      operations,
      sentMails,
      isHourly: isAskedHourly(settings, settings),
    });
    const watched = {
      settings,
      operations,
      streams,
      ingest,
      delivery,
      alerts,
      analytics,
      dailyCheck,
      compaction: warehouse?.compaction ?? lake?.compaction,
    };
    const { alarms } = new Alarms(this, 'Alarms', watched);
    createBudget(this, operations, settings);
    new Operation(this, 'Operation', { ...watched, alarms });

    this.#publish({
      TopicPrefix: settings.topicPrefix,
      DeliveriesBucket: deliveries.bucketName,
      ErrorsBucket: errors.bucketName,
      StationsBucket: stations.bucketName,
      ThingGroup: devices.group.ref,
      GatewayPolicy: devices.policy.ref,
      ClaimPolicy: devices.claimPolicy.ref,
      ProvisioningTemplate: devices.template.ref,
      ClaimsTable: devices.claims.tableName,
      AlertTopic: alerts.topic.topicArn,
      CopyRole: role.roleArn,
      AnalyticsApplication: analytics?.application.ref,
      Database: warehouse?.dataApi.database,
      DatabaseSecret: warehouse?.dataApi.secretArn,
      Workgroup: warehouse?.dataApi.workgroupName,
      Cluster: warehouse?.dataApi.clusterIdentifier,
      LakeDatabase: lake?.target.database,
      LakeWorkGroup: lake?.target.workGroup,
    });
  }

  #publish(outputs: StackOutputs): void {
    for (const [name, value] of Object.entries(outputs)) {
      if (value !== undefined) new CfnOutput(this, name, { value });
    }
  }
}
