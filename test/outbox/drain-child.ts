import { writeSync } from 'node:fs';
import { openOutbox } from '../../src/outbox/open-outbox.ts';
import { lanes } from '../../src/outbox/outbox.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { timeOf } from '../fakes/outbox-bodies.ts';

// Delivers everything that waits in the outbox of a directory: one line a record, written before it is acknowledged.
const [, , directory = ''] = process.argv;
const { outbox, store } = await openOutbox({
  directory,
  timeOf,
  log: createRecordingLog(),
  maxBytes: 100_000_000,
  wallMs: () => Date.UTC(2026, 5, 1, 12),
});
for (const lane of lanes) {
  while (outbox.stats().lanes[lane].waiting > 0) {
    const records = await outbox.peek(lane, { maxRecords: 50, maxBytes: 100_000 });
    for (const record of records) writeSync(1, `${JSON.stringify({ lane, ...record })}\n`);
    const last = records.at(-1);
    if (last) await outbox.acknowledge(lane, last);
  }
}
await outbox.close();
await store.close();
