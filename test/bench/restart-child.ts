import { closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { benchReading } from './bench-reading.ts';
import { residentMegabytes } from './process-usage.ts';

// Opens an outbox, stores one reading and hands out a first batch, as a daemon does when it starts.
const [, , directory = ''] = process.argv;

const startMs = performance.now();
const opened = await openBenchOutbox(directory);
await opened.outbox.append('reading', benchReading(0));
const storedMs = performance.now() - startMs;
await opened.outbox.take('reading', { maxRecords: 500, maxBytes: 120_000 });
const megabytes = await residentMegabytes('self');
await closeBenchOutbox(opened);
process.stdout.write(JSON.stringify({ storedMs, megabytes }));
