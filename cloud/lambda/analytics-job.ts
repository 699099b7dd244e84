import { setTimeout as delay } from 'node:timers/promises';
import {
  DescribeApplicationCommand,
  type KinesisAnalyticsV2Client,
  StartApplicationCommand,
  StopApplicationCommand,
} from '@aws-sdk/client-kinesis-analytics-v2';

export type AnalyticsJob = {
  /** From its newest snapshot, where it has one. Does nothing when it runs already. */
  start(): Promise<void>;
  /** With a snapshot. Does nothing when it stands already. */
  stop(): Promise<void>;
};

const POLL_MS = 5000;

/** The Flink job, which CloudFormation creates but neither starts nor stops. */
export const openAnalyticsJob = (
  client: KinesisAnalyticsV2Client,
  applicationName: string,
  pollMs: number = POLL_MS,
): AnalyticsJob => {
  const status = async (): Promise<string> => {
    const { ApplicationDetail } = await client.send(
      new DescribeApplicationCommand({ ApplicationName: applicationName }),
    );
    return ApplicationDetail?.ApplicationStatus ?? 'UNKNOWN';
  };
  /** Waits while AWS is at something, and says what came of it. */
  const settled = async (): Promise<string> => {
    for (;;) {
      const now = await status();
      if (!now.endsWith('ING') || now === 'RUNNING') return now;
      await delay(pollMs);
    }
  };
  const reach = async (wanted: 'RUNNING' | 'READY'): Promise<void> => {
    const reached = await settled();
    if (reached !== wanted) throw new Error(`the Flink job is ${reached} instead of ${wanted}: see its log`);
  };
  return {
    async start() {
      if ((await settled()) !== 'RUNNING') {
        await client.send(
          new StartApplicationCommand({
            ApplicationName: applicationName,
            RunConfiguration: {
              ApplicationRestoreConfiguration: { ApplicationRestoreType: 'RESTORE_FROM_LATEST_SNAPSHOT' },
            },
          }),
        );
      }
      await reach('RUNNING');
    },
    async stop() {
      if ((await settled()) !== 'READY') {
        await client.send(new StopApplicationCommand({ ApplicationName: applicationName }));
      }
      await reach('READY');
    },
  };
};
