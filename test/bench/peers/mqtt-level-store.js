import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import levelStore from 'mqtt-level-store';

// MQTT.js with its messages in LevelDB: publishes a number of readings, or none, and stays.
const [, , folder, port, count] = process.argv;
const stores = levelStore(`${folder}/mqtt-level-store`);
const client = mqtt.connect({
  host: 'localhost',
  port: Number(port),
  protocol: 'mqtts',
  protocolVersion: 4,
  ca: readFileSync(`${folder}/ca.pem`),
  cert: readFileSync(`${folder}/client.pem`),
  key: readFileSync(`${folder}/client.key`),
  clientId: 'peer',
  clean: false,
  reconnectPeriod: 500,
  incomingStore: stores.incoming,
  outgoingStore: stores.outgoing,
});
client.on('error', () => undefined);
for (let seq = 1; seq <= Number(count); seq += 1)
  client.publish('weather/peer/reading', JSON.stringify({ seq }), { qos: 1 });
await delay(2_000);
process.stdout.write('ready\n');
