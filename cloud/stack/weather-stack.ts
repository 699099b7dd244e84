import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StackOutputs } from '../contract/outputs.ts';
import { Alarms, createOperationsTopic } from './alarms.ts';
import { Alerts } from './alerts.ts';
import { Analytics } from './analytics.ts';
import { capacityFor } from './capacity.ts';
import { DailyCheck } from './daily-check.ts';
import { Operation } from './dashboard.ts';
import { createDeliveryRole, Delivery } from './delivery.ts';
import { Devices } from './devices.ts';
import { Ingest, Streams } from './ingest.ts';
import type { Settings } from './settings.ts';
import { StationList } from './station-list.ts';
import { Storage } from './storage.ts';
import { Warehouse } from './warehouse.ts';

/** The post's systems and what running them takes, wired together. */
export class WeatherStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly settings: Settings }) {
    super(scope, id, props);
    const { settings } = props;
    const capacity = capacityFor(settings);
    const storage = new Storage(this, 'Storage', settings.warehouse === 'none' ? 'always' : 'while-loading');
    const { deliveries, errors, stations } = storage;
    const stationList = new StationList(this, 'StationList', stations);
    const role = createDeliveryRole(this);
    const warehouse =
      settings.warehouse === 'none'
        ? undefined
        : new Warehouse(this, 'Warehouse', { settings, capacity, deliveryRole: role, flowLogs: errors });
    const delivery = new Delivery(this, 'Delivery', { settings, warehouse, deliveries, errors, role });
    const streams = new Streams(this, 'Streams', { settings, capacity });
    const ingest = new Ingest(this, 'Ingest', { settings, streams, delivery, errors });
    const alerts = new Alerts(this, 'Alerts', {
      stream: streams.alerts,
      errors,
      stations,
      alertEmail: settings.alertEmail,
    });
    const analytics = streams.readings
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
    const dailyCheck = new DailyCheck(this, 'DailyCheck', { group: devices.group, warehouse });
    const operations = createOperationsTopic(this, settings.operatorEmail);
    const watched = { settings, operations, streams, ingest, delivery, alerts, analytics, dailyCheck };
    const { alarms } = new Alarms(this, 'Alarms', watched);
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
    });
  }

  #publish(outputs: StackOutputs): void {
    for (const [name, value] of Object.entries(outputs)) {
      if (value !== undefined) new CfnOutput(this, name, { value });
    }
  }
}
