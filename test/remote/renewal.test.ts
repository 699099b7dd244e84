import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import { type KeyPair, keyPairOf } from '../../src/certificate/key-pairs.ts';
import { ConnectError, type Connection, type OnMessage } from '../../src/mqtt/publisher.ts';
import { Renewal } from '../../src/remote/renewal.ts';
import { createManualClock, type ManualClock } from '../fakes/clock.ts';
import { FleetDouble } from '../fakes/fleet-provisioning.ts';
import { createRecordingLog } from '../fakes/log.ts';

const authority = await createCertificateAuthority('Test CA');
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 5, 1);

describe('the renewal of a certificate', () => {
  let folder: string;
  let fleet: FleetDouble;
  let asked: string[];
  let connects: number;
  let open: number;
  let failure: 'no connection' | 'no subscription' | null;
  let clock: ManualClock;
  let log: ReturnType<typeof createRecordingLog>;
  let current: KeyPair | null;
  let stop: AbortController;
  let running: Promise<void>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'renewal-'));
    fleet = new FleetDouble(authority, 'fleet');
    fleet.members.add('1');
    asked = [];
    connects = 0;
    open = 0;
    failure = null;
    clock = createManualClock({ wallMs: START_MS });
    log = createRecordingLog();
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await rm(folder, { recursive: true });
  });

  const pairOf = async (days: number, of = 365): Promise<KeyPair> => {
    const validity = {
      notBefore: new Date(START_MS + (days - of) * DAY_MS),
      notAfter: new Date(START_MS + days * DAY_MS),
    };
    const { certificate, privateKey } = await authority.issueClient('1', validity);
    const pair = keyPairOf(certificate, privateKey, 'device.pem');
    if (pair === null) throw new Error('no pair');
    return pair;
  };
  const begin = (): void => {
    const renewal = new Renewal({
      stationId: '1',
      endpoint: 'localhost',
      template: 'fleet',
      renewals: join(folder, 'credentials'),
      credentials: { current: () => current },
      connectWith: () => () => connect(),
      clock,
      log,
    });
    running = renewal.run(stop.signal);
  };
  const connect = (): Promise<Connection> => {
    connects += 1;
    if (failure === 'no connection')
      return Promise.reject(new ConnectError({ kind: 'refused', reason: 'not authorized' }));
    open += 1;
    let deliver: OnMessage = () => undefined;
    return Promise.resolve({
      ended: new Promise(() => undefined),
      subscribe: (_, onMessage) => {
        deliver = onMessage;
        return Promise.resolve(
          failure === null
            ? { kind: 'subscribed' }
            : { kind: 'unanswered', reason: 'the connection was closed', wasSent: true },
        );
      },
      publish: async (topic, payload) => {
        asked.push(topic);
        const answer = await fleet.answer({ topic, payload });
        if (answer !== null) deliver(answer);
        return { kind: 'acknowledged' };
      },
      close: () => {
        open -= 1;
        return Promise.resolve();
      },
    });
  };
  const files = (): Promise<string[]> => readdir(join(folder, 'credentials')).catch(() => []);

  it.each([
    ['29 days before its end', 29, 365, true],
    ['31 days before its end', 31, 365, false],
    ['in the last third of a short life', 9, 30, true],
    ['in the second third of a short life', 11, 30, false],
  ])('is asked for, or not, %s', async (_, days, of, isDue) => {
    current = await pairOf(days, of);
    begin();
    await clock.advance(HOUR_MS);

    if (isDue) await expect.poll(files).toEqual(['renewal.json', 'renewed.key', 'renewed.pem']);
    else expect(asked).toEqual([]);
  });

  it('brings a pair of a new key, which the daemon then finds', async () => {
    current = await pairOf(10);
    begin();
    await clock.advance(HOUR_MS);
    await expect.poll(files).toContain('renewed.pem');

    const read = (name: string): Promise<string> => readFile(join(folder, 'credentials', name), 'utf8');
    const pair = keyPairOf(await read('renewed.pem'), await read('renewed.key'), '');
    expect(pair).not.toBeNull();
    expect(pair?.privateKey).not.toBe(current.privateKey);
    expect(fleet.registered.get('1')).toEqual([pair?.certificate]);
    // It does not work, so that the old one stays: no further certificate is made.
    await clock.advance(3 * DAY_MS);
    expect(fleet.registered.get('1')?.length).toBe(1);
    // It works, and is good for long.
    current = await pairOf(365);
    await clock.advance(3 * DAY_MS);
    expect(asked.length).toBe(2);
  });

  it('asks once a day, and says once why it is refused', async () => {
    fleet.members.clear();
    current = await pairOf(10);
    begin();
    for (let hours = 0; hours < 48; hours++) {
      await clock.advance(HOUR_MS);
      await expect.poll(() => [open, clock.sleepers()]).toEqual([0, 1]);
    }

    expect(asked.filter((topic) => topic.includes('create-from-csr')).length).toBe(2);
    expect(log.lines('warn')).toEqual([
      { reason: 'no: AccessDenied (AccessDenied)', message: 'the certificate could not be renewed' },
    ]);
    expect(await files()).toEqual(['renewal.json']);
  });

  it.each(['no connection', 'no subscription'] as const)(
    'asks again after a day where there is %s',
    async (what) => {
      failure = what;
      current = await pairOf(10);
      begin();
      await clock.advance(HOUR_MS);
      await expect.poll(() => log.lines('warn').length).toBe(1);
      await clock.advance(20 * HOUR_MS);
      expect(connects).toBe(1);
      failure = null;
      await clock.advance(5 * HOUR_MS);

      await expect.poll(files).toContain('renewed.pem');
    },
  );

  it('waits for a pair', async () => {
    current = null;
    begin();
    await clock.advance(2 * HOUR_MS);

    expect(connects).toBe(0);
  });
});
