import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Identity } from '../../src/certificate/certificate-authority.ts';
import { createFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { createGatewayProcess, type GatewayProcess, logOf, until } from './gateway-process.ts';
import { createMosquitto, type Mosquitto } from './mosquitto.ts';
import { subscribe } from './subscriber.ts';

const statusAnswer = z.object({
  outbox: z.object({
    lanes: z.object({ reading: z.object({ waiting: z.int() }), prealert: z.object({ waiting: z.int() }) }),
  }),
  preAlerts: z.array(z.looseObject({ rule: z.string(), state: z.string() })),
});
type Answer = z.output<typeof statusAnswer>;

const prealertMessage = z.looseObject({ seq: z.int(), rule: z.string(), transition: z.string() });

const heat = {
  id: 'heat',
  kind: 'limit',
  quantity: 'temperature',
  direction: 'above',
  alert: 40,
  hysteresis: 1,
  onDelaySeconds: 2,
  offDelaySeconds: 2,
  minIntervalSeconds: 0,
  output: { gpio: 17 },
};

describe('a pre-alert that is raised while the broker is away', () => {
  let folder: string;
  let mosquitto: Mosquitto;
  let proxy: FaultProxy;
  let device: Identity;
  let gateway: GatewayProcess;
  let messages: { readonly topic: string; readonly payload: unknown }[];

  const stationIn = (temperatureC: number): Promise<GatewayProcess> =>
    createGatewayProcess({
      stationId: '1',
      folder,
      outboxDirectory: join(folder, 'outbox'),
      brokerPort: proxy.port,
      rootCa: mosquitto.authority.certificate,
      device,
      speed: 1,
      events: [{ kind: 'weather', temperatureC }],
      preAlerts: [heat],
    });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pre-alert-'));
    mosquitto = await createMosquitto();
    proxy = await createFaultProxy();
    device = await mosquitto.authority.issueClient('1');
    messages = [];
    gateway = await stationIn(45);
  });

  afterEach(async () => {
    await gateway.stop('SIGKILL');
    await proxy.cut();
    await mosquitto.dispose();
    await rm(folder, { recursive: true });
  });

  const says = (what: string, isSo: (answer: Answer) => boolean): Promise<void> =>
    until(what, async () => {
      expect(gateway.isRunning()).toBe(true);
      const answer = statusAnswer.safeParse(await gateway.status());
      return answer.success && isSo(answer.data);
    });

  const isActive = ({ preAlerts: [first] }: Answer): boolean => first?.state === 'active';
  const prealerts = () =>
    messages
      .filter(({ topic }) => topic === 'weather/1/prealert')
      .map(({ payload }) => prealertMessage.parse(payload));

  /** Once in each life of the gateway, so that the next one begins with a rule that is active. */
  const takeReadings = async (waiting: number): Promise<void> => {
    gateway.start();
    await says(`${waiting} readings`, ({ outbox }) => outbox.lanes.reading.waiting >= waiting);
    await says('that the rule is active', isActive);
  };

  /** Somebody listens to the broker before the station can reach it. */
  const comeBack = async () => {
    await mosquitto.start();
    const subscriber = await subscribe({
      port: mosquitto.port,
      rootCa: mosquitto.authority.certificate,
      identity: await mosquitto.authority.issueClient('subscriber'),
      onMessage: (topic, payload) => messages.push({ topic, payload: JSON.parse(payload) }),
    });
    await proxy.open(mosquitto.port);
    return subscriber;
  };

  it('is raised once however often the station is killed, sent before every reading, and cleared in the end', async () => {
    for (const waiting of [8, 16, 24]) {
      await takeReadings(waiting);
      await gateway.stop('SIGKILL');
    }
    await takeReadings(30);
    expect(statusAnswer.parse(await gateway.status())).toMatchObject({
      outbox: { lanes: { prealert: { waiting: 1 } } },
      preAlerts: [
        {
          rule: 'heat',
          state: 'active',
          severity: 'alert',
          text: expect.stringMatching(/^Temperature is 4\d\.\d °C; the alert limit is 40 °C\.$/),
          output: { gpio: 17, state: 'on' },
        },
      ],
    });
    expect((await logOf(gateway)).match(/"transition":"raised"/g)).toHaveLength(1);

    const subscriber = await comeBack();
    await says('that all is delivered', ({ outbox }) => outbox.lanes.reading.waiting < 3);
    const ofStation = messages.map(({ topic }) => topic).filter((topic) => topic !== 'weather/1/status');
    expect(ofStation.slice(0, 2)).toEqual(['weather/1/prealert', 'weather/1/backlog']);
    expect(prealerts()).toMatchObject([
      { seq: 1, rule: 'heat', transition: 'raised', severity: 'alert', limit: 40, unit: '°C' },
    ]);

    await gateway.stop('SIGKILL');
    gateway = await stationIn(20);
    gateway.start();
    await says('that it is over', ({ preAlerts: [first] }) => first?.state === 'normal');
    await until('the end of the pre-alert', () => prealerts().length > 1);
    expect(prealerts()).toMatchObject([
      { seq: 1, transition: 'raised' },
      { seq: 1, transition: 'cleared' },
    ]);
    // Each start of the daemon names and counts anew.
    expect(new Set(prealerts().map(({ epoch }) => epoch)).size).toBe(2);
    await says(
      'that the line is off',
      ({ preAlerts: [first] }) =>
        z.looseObject({ output: z.object({ state: z.literal('off') }) }).safeParse(first).success,
    );
    await subscriber.close();
  }, 400_000);
});
