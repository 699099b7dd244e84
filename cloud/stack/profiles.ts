/** What a person chooses by `-c profile=NAME`; every value can be set on its own as well. */
export type Profile = {
  /** One sentence to choose by. */
  readonly about: string;
  readonly analytics: boolean;
  readonly warehouse: Warehouse;
  /** Firehose writes a file, and loads it, when either is reached. */
  readonly bufferSeconds: number;
  readonly bufferMegabytes: number;
  /** `reporting.sendSeconds` of the stations: how long readings wait to leave together; 0 sends each by itself. */
  readonly sendSeconds: number;
};

type Warehouse = 'serverless' | 'provisioned' | 'athena' | 'none';

/** 128 MB: the buffer time alone decides, until a load of thousands of stations. */
const LARGEST_BUFFER_MEGABYTES = 128;

export const profiles = {
  lake: {
    about: 'files in S3, the tables of the post by Athena, mails from the pre-alerts of the stations',
    analytics: false,
    warehouse: 'athena',
    bufferSeconds: 900,
    bufferMegabytes: LARGEST_BUFFER_MEGABYTES,
    sendSeconds: 0,
  },
  post: {
    about:
      'the numbers of the post: Flink, and a load every minute, for which Redshift Serverless never sleeps',
    analytics: true,
    warehouse: 'serverless',
    bufferSeconds: 60,
    bufferMegabytes: 1,
    sendSeconds: 0,
  },
  standard: {
    about: 'all of the post, loaded every 15 minutes',
    analytics: true,
    warehouse: 'serverless',
    bufferSeconds: 900,
    bufferMegabytes: LARGEST_BUFFER_MEGABYTES,
    sendSeconds: 0,
  },
  provisioned: {
    about: 'all of the post, loaded every minute into a cluster that costs the same at any load',
    analytics: true,
    warehouse: 'provisioned',
    bufferSeconds: 60,
    bufferMegabytes: LARGEST_BUFFER_MEGABYTES,
    sendSeconds: 0,
  },
  tables: {
    about: 'Redshift without Flink, mails from the pre-alerts of the stations',
    analytics: false,
    warehouse: 'serverless',
    bufferSeconds: 900,
    bufferMegabytes: LARGEST_BUFFER_MEGABYTES,
    sendSeconds: 0,
  },
  archive: {
    about: 'files in S3 and nothing to query them by, mails from the pre-alerts of the stations',
    analytics: false,
    warehouse: 'none',
    bufferSeconds: 900,
    bufferMegabytes: LARGEST_BUFFER_MEGABYTES,
    sendSeconds: 0,
  },
  fleet: {
    about: 'Flink and Athena for stations that send together (reporting.sendSeconds: 180)',
    analytics: true,
    warehouse: 'athena',
    bufferSeconds: 900,
    bufferMegabytes: LARGEST_BUFFER_MEGABYTES,
    // 15 readings at one every 12 s: the most that fit into the 5 KB that AWS meters a message by.
    sendSeconds: 180,
  },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;
export const profileNames = Object.keys(profiles) as [ProfileName, ...ProfileName[]];

/** Whether Redshift is there, whichever kind. */
export const hasRedshift = ({ warehouse }: Pick<Profile, 'warehouse'>): boolean =>
  warehouse === 'serverless' || warehouse === 'provisioned';
