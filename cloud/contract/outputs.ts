import { z } from 'zod';

/** The folder of stations' diagnostics in the bucket of the errors. */
export const DIAGNOSTICS = 'diagnostics';
/** The folder of archives that stations update themselves from, in the same bucket. */
export const RELEASES = 'releases';

/** What a deployed stack tells the commands about itself: its CloudFormation outputs. */
export const outputsSchema = z.object({
  TopicPrefix: z.string(),
  DeliveriesBucket: z.string(),
  ErrorsBucket: z.string(),
  StationsBucket: z.string(),
  ThingGroup: z.string(),
  GatewayPolicy: z.string(),
  ClaimPolicy: z.string(),
  ProvisioningTemplate: z.string(),
  ClaimsTable: z.string(),
  AlertTopic: z.string(),
  CopyRole: z.string(),
  /** Absent without analytics. */
  AnalyticsApplication: z.string().optional(),
  /** Absent without a warehouse, like the three behind it. */
  Database: z.string().optional(),
  DatabaseSecret: z.string().optional(),
  Workgroup: z.string().optional(),
  Cluster: z.string().optional(),
  /** Absent without a lake. */
  LakeDatabase: z.string().optional(),
  LakeWorkGroup: z.string().optional(),
});

export type StackOutputs = z.output<typeof outputsSchema>;
