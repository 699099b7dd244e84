import { parseArgs } from 'node:util';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import { openSession } from '../../sql/data-api-session.ts';
import { backfill } from '../backfill.ts';
import { readDeployedStack, warehouseOf } from '../deployed-stack.ts';
import { runCommand, say } from './command-line.ts';

const USAGE = `npm run cloud:backfill [-- --dry-run]   loads what Firehose could not load, each once

--dry-run   says what it would load`;

await runCommand(USAGE, async () => {
  const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });
  const stack = await readDeployedStack();
  const warehouse = warehouseOf(stack);
  if (!warehouse) throw new Error('this stack has no warehouse to load');
  const failures = await backfill({
    s3: new S3Client(),
    session: openSession(new RedshiftDataClient(), warehouse),
    bucket: stack.DeliveriesBucket,
    copyRole: stack.CopyRole,
    isDryRun: values['dry-run'],
    report: say,
  });
  return failures === 0 ? 0 : 1;
});
