import { setTimeout as delay } from 'node:timers/promises';
import { appendReadings, openBenchOutbox } from './bench-outbox.ts';

// Takes a number of readings and stays, for somebody to kill.
const [, , directory = '', count = ''] = process.argv;
const { outbox } = await openBenchOutbox(directory);
await appendReadings(outbox, Number(count), 50);
process.stdout.write('ready\n');
await delay(600_000);
