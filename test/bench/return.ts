import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeliveryLedger } from '../system/delivery-ledger.ts';
import { createFaultProxy } from '../system/fault-proxy.ts';
import { createGatewayProcess, until } from '../system/gateway-process.ts';
import { createMosquitto } from '../system/mosquitto.ts';
import { subscribe } from '../system/subscriber.ts';
import { alone, atMost, type Bench, median } from './figure.ts';

// The built daemon, whose broker is away until the pauses between its attempts are as long as they ever get.
const ABSENCES = 10;
const SPEED = 40;
const WAITING = 400;
const FIRST_BATCH_WITHIN_SECONDS = 5;

const measureReturns = async (folder: string): Promise<readonly number[]> => {
  const mosquitto = await createMosquitto();
  const proxy = await createFaultProxy();
  const gateway = await createGatewayProcess({
    ...{ stationId: '1', folder, outboxDirectory: join(folder, 'outbox'), speed: SPEED },
    brokerPort: proxy.port,
    rootCa: mosquitto.authority.certificate,
    device: await mosquitto.authority.issueClient('1'),
  });
  let arrived = (): void => undefined;
  const ledger = new DeliveryLedger(() => arrived());
  const seconds: number[] = [];
  try {
    await mosquitto.start();
    await subscribe({
      port: mosquitto.port,
      rootCa: mosquitto.authority.certificate,
      identity: await mosquitto.authority.issueClient('subscriber'),
      onMessage: (topic, payload) => ledger.take(topic, payload),
    });
    gateway.start();
    for (let absence = 0; absence < ABSENCES; absence += 1) {
      await proxy.cut();
      await until(`${WAITING} wait`, async () => ((await gateway.waiting()) ?? 0) >= WAITING);
      const first = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const startMs = performance.now();
      await proxy.open(mosquitto.port);
      await first;
      seconds.push((performance.now() - startMs) / 1_000);
      await until('nothing waits', async () => ((await gateway.waiting()) ?? WAITING) <= 1);
    }
    return seconds;
  } finally {
    await gateway.stop('SIGKILL');
    await proxy.cut();
    await mosquitto.dispose();
  }
};

/** Needs `npm run build`. */
export const brokerReturn: Bench = {
  name: 'return',
  measure: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-return-'));
    const seconds = await measureReturns(folder);
    await rm(folder, { recursive: true });
    const slowest = Math.max(...seconds);
    const name = "the broker's return until the first batch arrives";
    return [
      alone({ name: `${name}, median of ${ABSENCES}`, unit: 's', ours: median(seconds) }),
      alone({
        name: `${name}, slowest of ${ABSENCES}`,
        unit: 's',
        ours: slowest,
        goal: atMost('s', slowest, FIRST_BATCH_WITHIN_SECONDS),
      }),
    ];
  },
};
