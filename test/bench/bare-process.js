// What `run --simulate` loads, loaded and left alone.
import 'async-mutex';
import 'aws-iot-device-sdk-v2';
import 'bme280-sensor';
import 'fastify';
import 'level';
import 'leven';
import 'pino';
import 'prom-client';
import 'ulid';
import 'yaml';
import 'zod';

setInterval(() => undefined, 60_000);
process.stdout.write('ready\n');
