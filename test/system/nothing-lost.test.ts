import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeliveryLedger } from './delivery-ledger.ts';
import { createFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { createGatewayProcess, type GatewayProcess, until } from './gateway-process.ts';
import { createMosquitto, type Mosquitto } from './mosquitto.ts';
import { subscribe } from './subscriber.ts';

const READINGS = 1_000;
const SPEED = 40;

describe('a station whose broker is away', () => {
  let folder: string;
  let mosquitto: Mosquitto;
  let proxy: FaultProxy;
  let gateway: GatewayProcess;
  let ledger: DeliveryLedger;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nothing-lost-'));
    mosquitto = await createMosquitto();
    proxy = await createFaultProxy();
    ledger = new DeliveryLedger();
    gateway = await createGatewayProcess({
      stationId: '1',
      folder,
      outboxDirectory: join(folder, 'outbox'),
      brokerPort: proxy.port,
      rootCa: mosquitto.authority.certificate,
      device: await mosquitto.authority.issueClient('1'),
      speed: SPEED,
    });
  });

  afterEach(async () => {
    await gateway.stop('SIGKILL');
    await proxy.cut();
    await mosquitto.dispose();
    await rm(folder, { recursive: true });
  });

  /** The broker comes back, somebody listens to it, and only then the station can reach it. */
  const bringBroker = async () => {
    await mosquitto.start();
    const subscriber = await subscribe({
      port: mosquitto.port,
      rootCa: mosquitto.authority.certificate,
      identity: await mosquitto.authority.issueClient('subscriber'),
      onMessage: (topic, payload) => ledger.take(topic, payload),
    });
    await proxy.open(mosquitto.port);
    return subscriber;
  };

  /** Killed on the way so many times, each time when another share of the readings has been taken. */
  const takeReadings = async (wanted: number, kills: number): Promise<void> => {
    for (let life = 1; life <= kills + 1; life += 1) {
      gateway.start();
      const share = Math.ceil((wanted * life) / (kills + 1));
      await until(`${share} readings`, async () => {
        expect(gateway.isRunning()).toBe(true);
        return ((await gateway.waiting()) ?? 0) >= share;
      });
      if (life <= kills) await gateway.stop('SIGKILL');
    }
  };

  const deliverAll = async (lives: number): Promise<void> => {
    const subscriber = await bringBroker();
    const backAtMs = Date.now();
    await until('the first batch', () => ledger.delivered() > 0);
    const firstAfterMs = Date.now() - backAtMs;
    await until('all of them', () => ledger.delivered() >= READINGS);
    console.info(
      `${READINGS} readings: the first ${firstAfterMs} ms and the last ${Date.now() - backAtMs} ms after the broker was back`,
    );
    expect(firstAfterMs).toBeLessThan(5_000);
    await gateway.stop('SIGTERM');
    await delay(300);
    await subscriber.close();

    const { epoch, lanes, totals } = await gateway.stats();
    expect(ledger.epochs()).toHaveLength(lives);
    expect(ledger.epochs().at(-1)).toBe(epoch);
    expect(totals.accepted).toBeGreaterThanOrEqual(READINGS);
    const lastSeq = lanes.reading.nextSeq - 1 - lanes.reading.waiting;
    const accounts = ledger
      .epochs()
      .map((name) => ledger.account(name, name === epoch ? lastSeq : undefined));
    for (const account of accounts)
      expect(account).toMatchObject({ missing: [], outOfOrder: 0, toldInGaps: 0 });
    expect(totals).toMatchObject({ setAside: 0, givenUp: 0 });
  };

  it('delivers 1,000 readings in order once it is back, the first within 5 s', async () => {
    await takeReadings(READINGS, 0);
    await deliverAll(1);
  });

  it('does so although it is killed ten times on the way', async () => {
    await takeReadings(READINGS, 10);
    await deliverAll(11);
  });
});
