import { writeSync } from 'node:fs';
import { openOutbox } from '../../src/outbox/open-outbox.ts';
import { recordLanes } from '../../src/outbox/records.ts';
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
for (const lane of recordLanes) {
  for (;;) {
    const batch = await outbox.take(lane, { maxRecords: 50, maxBytes: 100_000 });
    if (batch === null) break;
    for (const { epoch, seq, body } of batch.records)
      writeSync(1, `${JSON.stringify({ lane, epoch, seq, body })}\n`);
    await outbox.accept(batch);
  }
}
for (const gap of outbox.gaps()) {
  writeSync(1, `${JSON.stringify({ lane: 'gap', epoch: gap.epoch, seq: gap.fromseq, body: gap })}\n`);
  await outbox.acceptGap(gap);
}
await outbox.close();
await store.close();
