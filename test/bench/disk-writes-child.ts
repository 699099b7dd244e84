import { setTimeout as delay } from 'node:timers/promises';
import { processWrittenBytes } from '../../src/store/process-writes.ts';
import { closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { benchReading } from './bench-reading.ts';

// Stores readings one by one and delivers each of them at once or none, and counts what goes to the disk.
const [, , directory = '', count = '', pauseMs = '', isDelivered = ''] = process.argv;

const kernelBytes = (): number =>
  processWrittenBytes(() => {
    throw new Error('the kernel does not count writes here');
  });

const { outbox, store } = await openBenchOutbox(directory);
const before = kernelBytes();
for (let index = 0; index < Number(count); index += 1) {
  const position = await outbox.append('reading', benchReading(index));
  if (isDelivered === 'delivered') {
    await outbox.peek('reading', { maxRecords: 1, maxBytes: 120_000 });
    await outbox.acknowledge('reading', position);
  }
  await delay(Number(pauseMs));
}
const bytes = kernelBytes() - before;
const logicalBytes = store.writtenBytes();
await closeBenchOutbox({ outbox, store, report: { outcome: 'whole' } });
process.stdout.write(JSON.stringify({ bytes, logicalBytes }));
