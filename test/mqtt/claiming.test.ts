import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import { readProgress } from '../../src/certificate/claim-folder.ts';
import { keyPairOf } from '../../src/certificate/key-pairs.ts';
import { Claiming } from '../../src/mqtt/claiming.ts';
import {
  type Connect,
  ConnectError,
  type Connection,
  type ConnectionEnd,
  type OnMessage,
  type PublishResult,
} from '../../src/mqtt/publisher.ts';
import type { Clock } from '../../src/time/clock.ts';
import { FleetDouble, type Message } from '../fakes/fleet-provisioning.ts';

const authority = await createCertificateAuthority('Test CA');
const SERIAL = '10000000abcdef01';
const HOUR_MS = 3_600_000;

/** What becomes of a message that the card publishes: the answers it gets, or the end of everything. */
type Fate = (message: Message, answer: Message | null) => readonly Message[] | 'power cut' | 'broker gone';

class PowerCut extends Error {}

type Open<T> = {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
};

const open = <T>(): Open<T> => {
  let settle: Omit<Open<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  if (settle === undefined) throw new Error('the promise was not opened');
  return { promise, ...settle };
};

type HurriedClock = Clock & {
  /** The deadline of whoever waits for an answer has come. */
  passDeadlines(): void;
};

const DEADLINE_MS = 30_000;

/** Waits between attempts take no time; the deadline of a request, which runs beside real work, comes when it is said. */
const createHurriedClock = (): HurriedClock => {
  let passedMs = 0;
  const deadlines = new Set<() => void>();
  return {
    wallMs: () => passedMs,
    monotonicMs: () => passedMs,
    sleep: async (ms, signal) => {
      if (ms === DEADLINE_MS) {
        const due = open<void>();
        signal?.addEventListener('abort', () => due.reject(new Error('aborted')));
        deadlines.add(() => due.resolve());
        await due.promise;
      }
      passedMs += ms;
    },
    passDeadlines: () => {
      for (const pass of deadlines) pass();
      deadlines.clear();
    },
  };
};

describe('a card with a claim', () => {
  let folder: string;
  let progressFile: string;
  let fleet: FleetDouble;
  let clock: HurriedClock;
  let lines: string[];
  let asked: string[];
  let fate: Fate;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'claiming-'));
    progressFile = join(folder, 'progress.json');
    fleet = new FleetDouble(authority, 'fleet');
    fleet.listed.set(SERIAL, { id: '17', name: 'UK-Lancing' });
    clock = createHurriedClock();
    lines = [];
    asked = [];
    fate = (_, answer) => (answer === null ? [] : [answer]);
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** The broker with the double behind it. */
  const broker =
    (cut: (error: Error) => void): Connect =>
    () => {
      const listeners: { readonly filters: readonly string[]; readonly onMessage: OnMessage }[] = [];
      const { promise: ended, resolve: end } = open<ConnectionEnd>();
      const deliver = (message: Message): void => {
        for (const { filters, onMessage } of listeners)
          if (filters.includes(message.topic)) onMessage(message);
      };
      const publish = async (topic: string, payload: string): Promise<PublishResult> => {
        asked.push(topic);
        const answers = fate({ topic, payload }, await fleet.answer({ topic, payload }));
        if (answers === 'power cut') {
          cut(new PowerCut());
          return await new Promise(() => undefined);
        }
        if (answers === 'broker gone') {
          end({ kind: 'broken', reason: 'the connection was closed' });
          return { kind: 'unacknowledged', reason: 'the connection was closed' };
        }
        answers.forEach(deliver);
        if (answers.length === 0) clock.passDeadlines();
        return { kind: 'acknowledged' };
      };
      const connection: Connection = {
        ended,
        publish,
        subscribe: (filters, onMessage) => {
          listeners.push({ filters, onMessage });
          return Promise.resolve({ kind: 'subscribed' });
        },
        close: () => Promise.resolve(end({ kind: 'broken', reason: 'closed' })),
      };
      return Promise.resolve(connection);
    };

  /** One life of the process; a power cut ends it where it stands. */
  const live = async (connect?: Connect, serial = SERIAL) => {
    const { promise: cut, reject } = open<never>();
    const stop = new AbortController();
    const claiming = new Claiming({
      serial,
      progressFile,
      connect: connect ?? broker(reject),
      endpoint: 'claims.example',
      template: 'fleet',
      clock,
      random: () => 0.999,
      say: (line) => void lines.push(line),
    });
    return await Promise.race([claiming.run(stop.signal), cut]);
  };
  const untilCut = async (): Promise<void> => {
    await expect(live()).rejects.toThrow(PowerCut);
  };
  const saved = async () => {
    const progress = await readProgress(progressFile, SERIAL);
    if (progress === null) throw new Error('nothing was saved');
    return progress;
  };
  const isCreate = ({ topic }: Message): boolean => topic.includes('create-from-csr');

  it('becomes the station that its board is listed as, with a certificate for its own key', async () => {
    const { registration, privateKey, issued } = await live();

    expect(registration).toEqual({
      stationId: '17',
      name: 'UK-Lancing',
      endpoint: 'localhost',
      topicPrefix: 'weather',
      template: 'fleet',
    });
    expect(fleet.registered.get('17')).toEqual([issued?.certificate]);
    expect(keyPairOf(issued?.certificate ?? '', privateKey, '')).not.toBeNull();
    expect(lines).toEqual([]);
    // Another start has nothing to ask.
    asked = [];
    expect((await live()).registration).toEqual(registration);
    expect(asked).toEqual([]);
  });

  it.each([
    ['before the request is answered', isCreate, false],
    ['before the registration arrives', (message: Message) => !isCreate(message), false],
    ['after it was registered, before the answer', (message: Message) => !isCreate(message), true],
  ])('goes on with the same key after a power cut %s', async (_, isMoment, hasArrived) => {
    let isFirst = true;
    const reach = fleet.answer.bind(fleet);
    fleet.answer = async (message) =>
      isFirst && isMoment(message) && !hasArrived ? null : await reach(message);
    fate = (message, answer) => {
      if (isFirst && isMoment(message)) return 'power cut';
      return answer === null ? [] : [answer];
    };
    await untilCut();
    const { privateKey } = await saved();
    isFirst = false;

    const done = await live();

    expect(done.registration.stationId).toBe('17');
    expect(done.privateKey).toBe(privateKey);
    expect(lines).toEqual([]);
  });

  it('has its key on the disk before the request goes up, and the certificate before the token is used', async () => {
    const found: unknown[] = [];
    const reach = fleet.answer.bind(fleet);
    fleet.answer = async (message) => {
      const { privateKey, issued } = await saved();
      const { certificateSigningRequest, certificateOwnershipToken } = JSON.parse(message.payload);
      if (isCreate(message)) found.push(certificateSigningRequest === (await saved()).signingRequest);
      else found.push(issued?.token === certificateOwnershipToken);
      found.push(privateKey.includes('PRIVATE KEY'));
      return await reach(message);
    };

    await live();

    expect(found).toEqual([true, true, true, true]);
  });

  it('starts over with the same key when the token has expired meanwhile', async () => {
    fate = (message, answer) => (isCreate(message) && answer !== null ? [answer] : 'power cut');
    const reach = fleet.answer.bind(fleet);
    fleet.answer = async (message) => (isCreate(message) ? await reach(message) : null);
    await untilCut();
    const before = await saved();
    fleet.expireTokens();
    fleet.answer = reach;
    fate = (_, answer) => (answer === null ? [] : [answer]);

    const { privateKey, issued, registration } = await live();

    expect(registration.stationId).toBe('17');
    expect(privateKey).toBe(before.privateKey);
    expect(issued?.certificate).not.toBe(before.issued?.certificate);
  });

  it('asks at growing intervals while it is not listed, says so once, and is let in when it is', async () => {
    fleet.listed.clear();
    const atMs: number[] = [];
    const reach = fleet.answer.bind(fleet);
    fleet.answer = async (message) => {
      if (!isCreate(message)) atMs.push(clock.monotonicMs());
      if (atMs.length === 14) fleet.listed.set(SERIAL, { id: '17', name: 'UK-Lancing' });
      // Whatever a day does to tokens.
      if (atMs.length > 8 && isCreate(message)) fleet.expireTokens();
      return await reach(message);
    };

    const { registration } = await live();

    expect(registration.stationId).toBe('17');
    const waitsMs = atMs.slice(1, 14).map((ms, index) => ms - (atMs[index] ?? 0));
    for (const [index, waitMs] of waitsMs.slice(1).entries())
      expect(waitMs).toBeGreaterThanOrEqual((waitsMs[index] ?? 0) - 1);
    expect(Math.max(...waitsMs)).toBeGreaterThan(3.9 * HOUR_MS);
    expect(Math.max(...waitsMs)).toBeLessThanOrEqual(4 * HOUR_MS);
    expect(lines).toEqual([
      `board ${SERIAL} is not let in: npm run cloud:enroll -- --list ID --serial ${SERIAL} --station NAME lists it; it asks again, at growing intervals`,
    ]);
  });

  it('takes a new certificate where the old one was refused and its token may be old', async () => {
    fleet.listed.clear();
    fate = (message, answer) => (isCreate(message) && answer !== null ? [answer] : 'power cut');
    await untilCut();
    fate = (_, answer) => (answer === null ? [] : [answer]);
    fleet.listed.set(SERIAL, { id: '17', name: 'UK-Lancing' });
    // An answer that says nothing of the token.
    const reach = fleet.answer.bind(fleet);
    fleet.answer = async (message) =>
      message.payload.includes('token-1"')
        ? { topic: `${message.topic}/rejected`, payload: '{"statusCode":403,"errorCode":"AccessDenied"}' }
        : await reach(message);

    expect((await live()).registration.stationId).toBe('17');
  });

  it.each<[string, Fate]>([
    ['garbage', ({ topic }) => [{ topic: `${topic}/accepted`, payload: '{"certificatePem":' }]],
    ['an answer of another form', ({ topic }) => [{ topic: `${topic}/accepted`, payload: '{"a":1}' }]],
    ['a rejection that says nothing', ({ topic }) => [{ topic: `${topic}/rejected`, payload: '' }]],
    ['no answer', () => []],
    ['the end of the connection', () => 'broker gone'],
  ])('survives %s to either request', async (_, bad) => {
    let badAnswers = 0;
    fate = (message, answer) => {
      badAnswers += 1;
      if (badAnswers === 1 || (badAnswers === 3 && !isCreate(message))) return bad(message, answer);
      return answer === null ? [] : [answer];
    };

    const { registration } = await live();

    expect(registration.stationId).toBe('17');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).not.toMatch(/undefined|\n/);
  });

  it('takes an answer that comes twice once', async () => {
    fate = (_, answer) => (answer === null ? [] : [answer, answer]);

    await live();

    expect(fleet.registered.get('17')?.length).toBe(1);
    expect(asked.length).toBe(2);
  });

  it('refuses a certificate for another key, and a thing that is no station', async () => {
    const stranger = await authority.issueClient('stranger');
    let round = 0;
    fate = (message, answer) => {
      round += 1;
      if (round === 1) {
        const payload = { certificatePem: stranger.certificate, certificateOwnershipToken: 'x' };
        return [{ topic: `${message.topic}/accepted`, payload: JSON.stringify(payload) }];
      }
      if (round === 3) return [{ topic: `${message.topic}/accepted`, payload: '{"thingName":"../17"}' }];
      return answer === null ? [] : [answer];
    };

    const { registration } = await live();

    expect(registration.stationId).toBe('17');
    expect(lines[0]).toContain('a certificate for another key came back');
  });

  it('leaves out what of the configuration cannot be used', async () => {
    fate = (message, answer) => {
      if (answer === null || isCreate(message)) return answer === null ? [] : [answer];
      const deviceConfiguration = { name: '', endpoint: 'https://evil/', topicPrefix: '#' };
      return [{ ...answer, payload: JSON.stringify({ thingName: '17', deviceConfiguration }) }];
    };

    expect((await live()).registration).toEqual({
      stationId: '17',
      name: '17',
      endpoint: 'claims.example',
      template: 'fleet',
    });
  });

  it('waits for a network, and for a claim that was switched off', async () => {
    const kinds = ['unreachable', 'unreachable', 'refused', 'refused'] as const;
    const { promise: cut, reject } = open<never>();
    const reachable = broker(reject);
    let attempt = 0;
    const connect: Connect = async (signal) => {
      const kind = kinds[attempt++];
      if (kind !== undefined) throw new ConnectError({ kind, reason: `${kind} now` });
      return await reachable(signal);
    };

    await Promise.race([live(connect), cut]);

    expect(lines).toEqual([
      'no connection with the claim: unreachable now; it asks again, at growing intervals',
      'no connection with the claim: refused now; it asks again, at growing intervals',
    ]);
  });

  it('begins anew on another board, and after damage', async () => {
    const { privateKey } = await live();
    fleet.listed.set('other-board', { id: '18', name: 'UK-Hove' });
    const copied = await live(undefined, 'other-board');
    expect(copied.privateKey).not.toBe(privateKey);
    expect(copied.registration.stationId).toBe('18');

    await writeFile(progressFile, (await readFile(progressFile, 'utf8')).slice(0, 100));
    fleet.listed.set('third-board', { id: '19', name: 'UK-Shoreham' });
    const { registration, issued } = await live(undefined, 'third-board');
    expect(registration.stationId).toBe('19');
    expect(new X509Certificate(issued?.certificate ?? '').subject).toBe('CN=third-board');
  });
});
