/** Where the Redshift Data API finds the database; its three callers (functions, backfill) share this. */
export type DataApiTarget = {
  readonly database: string;
  readonly secretArn: string;
  readonly workgroupName?: string;
  readonly clusterIdentifier?: string;
};

/** As environment of a function. */
export const dataApiEnvironment = (target: DataApiTarget): Record<string, string> => ({
  DATABASE: target.database,
  ADMIN_SECRET_ARN: target.secretArn,
  ...(target.workgroupName === undefined ? {} : { WORKGROUP: target.workgroupName }),
  ...(target.clusterIdentifier === undefined ? {} : { CLUSTER: target.clusterIdentifier }),
});

export const dataApiTargetFrom = (
  environment: Readonly<Record<string, string | undefined>>,
): DataApiTarget => {
  const { DATABASE: database, ADMIN_SECRET_ARN: secretArn, WORKGROUP, CLUSTER } = environment;
  if (database === undefined || secretArn === undefined) throw new Error('no database in the environment');
  return {
    database,
    secretArn,
    ...(WORKGROUP === undefined ? {} : { workgroupName: WORKGROUP }),
    ...(CLUSTER === undefined ? {} : { clusterIdentifier: CLUSTER }),
  };
};
