/** What a person chooses by `-c profile=NAME`; every value can be set on its own as well. */
export type Profile = {
  readonly analytics: boolean;
  readonly warehouse: Warehouse;
  readonly bufferSeconds: number;
};

export type Warehouse = 'serverless' | 'provisioned' | 'none';

export const profiles = {
  /** The post's numbers. Redshift Serverless bills a minute for each load, so at 60 s it never stops costing. */
  post: { analytics: true, warehouse: 'serverless', bufferSeconds: 60 },
  /** Everything of the post, loaded every 15 minutes. */
  standard: { analytics: true, warehouse: 'serverless', bufferSeconds: 900 },
  /** Everything of the post, loaded every minute into a cluster that costs the same at any load. */
  provisioned: { analytics: true, warehouse: 'provisioned', bufferSeconds: 60 },
  /** Tables without averages; mails are the stations' own pre-alerts. */
  tables: { analytics: false, warehouse: 'serverless', bufferSeconds: 900 },
  /** Readings as files in S3, mails are the stations' own pre-alerts: what an amateur pays without thinking. */
  archive: { analytics: false, warehouse: 'none', bufferSeconds: 900 },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;
