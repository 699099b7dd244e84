import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { DataApiTarget } from '../sql/data-api.ts';
import type { BundledFunction } from './bundled-function.ts';
import type { Capacity } from './capacity.ts';
import { createLogin } from './database-login.ts';
import { type Database, ProvisionedDatabase } from './provisioned-database.ts';
import { ServerlessDatabase } from './serverless-database.ts';
import type { Settings } from './settings.ts';
import { WAREHOUSE_PORT, WarehouseNetwork } from './warehouse-network.ts';
import { createCompaction, WarehouseSchema } from './warehouse-schema-update.ts';

const DATABASE_NAME = 'weather';
/** The user that Firehose logs in as; it may add rows and nothing else. */
const LOADER_USER = 'firehose_loader';

type WarehouseProps = {
  readonly settings: Settings;
  readonly capacity: Capacity;
  /** Reads the files of a COPY. */
  readonly deliveryRole: Role;
  readonly flowLogs: Bucket;
};

/** Redshift with the project's tables in it: what depends on it may copy at once. */
export class Warehouse extends Construct {
  readonly jdbcUrl: string;
  readonly loaderSecret: Secret;
  readonly dataApi: DataApiTarget;
  readonly compaction: BundledFunction;
  readonly #database: Database;

  constructor(scope: Construct, id: string, props: WarehouseProps) {
    super(scope, id);
    const network = new WarehouseNetwork(this, 'Network', props.flowLogs);
    const DatabaseKind =
      props.settings.warehouse === 'provisioned' ? ProvisionedDatabase : ServerlessDatabase;
    this.#database = new DatabaseKind(this, 'Database', { ...props, network, databaseName: DATABASE_NAME });
    this.loaderSecret = createLogin(this, 'Loader', {
      user: LOADER_USER,
      purpose: 'User and password that Firehose logs into Redshift with',
    });
    this.jdbcUrl = `jdbc:redshift://${this.#database.address}:${WAREHOUSE_PORT}/${DATABASE_NAME}`;
    this.dataApi = this.#database.dataApi;
    const schema = new WarehouseSchema(this, 'Schema', {
      dataApi: this.dataApi,
      databaseArn: this.databaseArn,
      loaderSecret: this.loaderSecret,
    });
    schema.node.addDependency(this.#database);
    this.compaction = createCompaction(this, {
      dataApi: this.dataApi,
      databaseArn: this.databaseArn,
      readingsPerSecond: props.capacity.readingsPerSecond,
    });
  }

  /** What IAM names for calls of the Data API. */
  get databaseArn(): string {
    return this.#database.arn;
  }
}
