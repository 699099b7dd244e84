import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import {
  identityOf,
  type Merged,
  noOverlays,
  type Overlays,
  type StationConfig,
} from '../../src/config/overlays.ts';
import { RemoteConfiguration } from '../../src/remote/configuration.ts';
import { InboundChannel, type Session } from '../../src/remote/inbound-channel.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { createFakePublisher } from '../fakes/publisher.ts';
import { ShadowService } from './shadow-service.ts';
import { createStationTime } from './station-time.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const loaded = await loadConfig('config/gateway.yaml');
if (loaded.config === undefined) throw new Error('the shipped configuration is right');
const { config } = loaded;

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const debug = { id: 'one', values: { log: { level: 'debug' } } };
const warn = { id: 'two', values: { log: { level: 'warn' } } };
const trial = { ...debug, version: 3, starts: 1 };
const kept = { ...warn, version: 2 };

type Start = {
  readonly inForce?: StationConfig['inForce'];
  readonly overlays?: Partial<Overlays>;
  check?: Merged;
  readonly hindrance?: string;
  isFull?: boolean;
  /** How long a write takes. */
  readonly disk?: Promise<void>;
  readonly isOff?: boolean;
  readonly sendSeconds?: number;
  readonly hasJobs?: boolean;
};

/** A daemon that has just started, and the shadow that its publisher reaches. */
const setUp = (start: Start = {}) => {
  const publisher = createFakePublisher();
  const clock = createManualClock({ monotonicMs: 5_000 });
  const log = createRecordingLog();
  const shadow = new ShadowService('1', (topic, payload) => publisher.deliver(topic, payload));
  publisher.answer = ({ topic, payload }) => {
    if (topic.startsWith('$aws/')) setImmediate(() => shadow.receive(topic, payload));
    return { kind: 'acknowledged' };
  };
  const written: Overlays[] = [];
  const restarts: number[] = [];
  let jobsSession: Session | undefined;
  const jobs = new InboundChannel({
    what: 'jobs',
    publisher,
    clock,
    log,
    subscribe: () => publisher.subscribe(['jobs'], () => undefined),
    step: (session) => {
      jobsSession = session;
      return Promise.resolve(HOUR_MS);
    },
  });
  const answerJobs = (): void => {
    if (jobsSession !== undefined) jobs.noteAnswered(jobsSession);
  };
  const configuration = new RemoteConfiguration({
    thing: '1',
    version: '1.2.3',
    publisher,
    clock,
    log,
    station: {
      config: {
        ...config,
        aws: { ...config.aws, remoteConfiguration: start.isOff !== true },
        reporting: { ...config.reporting, sendSeconds: start.sendSeconds ?? 0 },
      },
      inForce: start.inForce ?? 'own',
      overlays: { ...noOverlays, ...start.overlays },
      check: () => Promise.resolve(start.check ?? { config }),
      write: (overlays) => {
        if (start.isFull === true) return Promise.reject(new Error('ENOSPC'));
        written.push(overlays);
        return start.disk ?? Promise.resolve();
      },
    },
    restart: { hindrance: start.hindrance ?? null, begin: () => void restarts.push(clock.monotonicMs()) },
    after: start.hasJobs === true ? jobs : undefined,
    random: () => 0.5,
  });
  const stop = new AbortController();
  const running = configuration.run(stop.signal);
  publisher.start();
  const { passes, acknowledge } = createStationTime(clock, publisher);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  return {
    publisher,
    clock,
    log,
    shadow,
    written,
    restarts,
    jobs,
    answerJobs,
    configuration,
    passes,
    acknowledge,
    end,
  };
};

describe('configuration from afar', () => {
  it('is listened for after the first acknowledgement, with the filter of the policy and one small message', async () => {
    const { publisher, shadow, configuration, passes, acknowledge, end } = setUp();
    await passes(MINUTE_MS);
    expect(publisher.subscribed).toEqual([]);

    await acknowledge();

    expect(publisher.subscribed).toEqual([['$aws/things/1/shadow/name/config/update/delta']]);
    expect(shadow.updates).toEqual([{ release: '1.2.3', connected: expect.stringMatching(/^\d{4}-/) }]);
    expect(configuration.status()).toMatchObject({
      state: 'listening',
      problem: null,
      inForce: 'own',
      keys: [],
    });
    configuration.noteDelivered();
    await passes(HOUR_MS);
    expect(shadow.updates.length).toBe(1);
    await end();
  });

  it('is checked, written, and then run by: the daemon restarts, not sooner than after a minute', async () => {
    const { shadow, written, restarts, passes, acknowledge, end } = setUp();
    await acknowledge();

    shadow.want([debug]);
    await passes(30_000);

    expect(written).toEqual([{ ...noOverlays, trial: { ...debug, version: 2, starts: 0 } }]);
    expect(restarts).toEqual([]);
    await passes(MINUTE_MS);
    expect(restarts.length).toBe(1);
    expect(restarts[0]).toBeGreaterThanOrEqual(65_000);
    // The same again, by whatever the station reports next, changes nothing.
    shadow.want([debug]);
    await passes(MINUTE_MS);
    expect(written.length).toBe(1);
    await end();
  });

  it('is found by a station that was away when it was sent', async () => {
    const { shadow, written, acknowledge, end } = setUp();
    shadow.want([debug]);

    await acknowledge();

    expect(written.length).toBe(1);
    await end();
  });

  it('is reported once a reading was delivered with it, and kept after a quarter of an hour', async () => {
    const { shadow, written, restarts, configuration, passes, acknowledge, end } = setUp({
      inForce: 'trial',
      overlays: { trial, kept },
    });
    shadow.want([debug]);
    await acknowledge();
    await passes(MINUTE_MS);
    expect(shadow.reported).toEqual({ release: '1.2.3', connected: expect.anything() });
    expect(configuration.status()).toMatchObject({ inForce: 'trial', id: 'one', keys: ['log.level'] });

    configuration.noteDelivered();
    await passes(MINUTE_MS);
    expect(shadow.reported).toMatchObject({ state: 'trial', version: 3, configuration: [debug] });
    expect(shadow.reported['effective']).toMatchObject([{ log: { level: 'info' }, reporting: {} }]);
    expect(written).toEqual([]);

    await passes(15 * MINUTE_MS);
    expect(written).toEqual([{ ...noOverlays, kept: { ...debug, version: 3 } }]);
    expect(shadow.reported).toMatchObject({ state: 'kept', configuration: [debug] });
    expect(configuration.status()).toMatchObject({ inForce: 'kept', id: 'one', dropped: null });
    expect(restarts).toEqual([]);
    await end();
  });

  it('goes when no reading is delivered with it in time, and the daemon restarts with the one before', async () => {
    const { written, restarts, passes, acknowledge, end } = setUp({
      inForce: 'trial',
      overlays: { trial, kept },
      sendSeconds: 600,
    });
    await acknowledge();
    await passes(80 * MINUTE_MS);
    expect(restarts).toEqual([]);

    await passes(2 * MINUTE_MS);

    expect(restarts.length).toBe(1);
    expect(written.at(-1)).toMatchObject({
      kept,
      trial: null,
      dropped: { id: 'one', problem: { found: 'no reading that was delivered within 80 minutes' } },
    });
    await end();
  });

  it('is not taken when the check finds something: path, found and allowed are reported, and what runs goes on', async () => {
    const problem = { path: 'log.level', found: '"loud"', allowed: 'one of debug, info, warn, error' };
    const { shadow, written, restarts, configuration, passes, acknowledge, end } = setUp({
      inForce: 'kept',
      overlays: { kept },
      check: { problem },
    });
    await acknowledge();

    shadow.want([{ id: 'three', values: { log: { level: 'loud' } } }]);
    await passes(10 * MINUTE_MS);

    expect(shadow.reported).toMatchObject({
      state: 'kept',
      configuration: [warn],
      problem: { id: 'three', ...problem },
    });
    expect(configuration.status()).toMatchObject({ inForce: 'kept', dropped: { id: 'three', ...problem } });
    expect([written.length, restarts.length]).toEqual([1, 0]);
    // What is wanted still differs from what is reported, and the station does not begin again with each message.
    expect(shadow.updates.length).toBeLessThanOrEqual(3);
    await end();
  });

  it.each([
    ['no list', { log: { level: 'debug' } }],
    ['two at once', [debug, warn]],
    ['no id', [{ values: {} }]],
    ['a key too many', [{ ...debug, path: '/etc' }]],
    ['an id that is none', [{ ...debug, id: 'a b' }]],
    ['7 KB', [{ id: 'x', values: 'y'.repeat(7_000) }]],
  ])('is not taken without its form: %s', async (_what, wanted) => {
    const { shadow, written, restarts, passes, acknowledge, end } = setUp();
    await acknowledge();

    shadow.want(wanted);
    await passes(10 * MINUTE_MS);

    expect(shadow.reported['problem']).toMatchObject({
      path: 'configuration',
      allowed: expect.stringContaining('{id'),
    });
    expect([written.at(-1)?.trial, restarts.length]).toEqual([null, 0]);
    await end();
  });

  it('is reported within the size of a shadow after a restart as well, however much is still wanted', async () => {
    const wanted = [{ id: 'x', values: 'y'.repeat(6_800) }];
    const problem = { path: 'configuration', found: 'too much', allowed: 'a list of one {id, values}' };
    const { shadow, written, passes, acknowledge, end } = setUp({
      inForce: 'kept',
      overlays: { kept, dropped: { id: null, identity: identityOf(wanted), problem } },
    });
    shadow.want(wanted);
    await acknowledge();
    await passes(MINUTE_MS);

    expect(shadow.reported['problem']).toMatchObject(problem);
    expect(shadow.rejected).toBe(0);
    expect(written).toEqual([]);
    await end();
  });

  it.each([
    ['another alphabet', '風'],
    ['characters of two halves', 'x😀'],
  ])('is reported within the size of a shadow, and whole characters of it: %s', async (_what, text) => {
    const wanted = [{ id: 'xy', values: text.repeat(Math.floor(6_800 / Buffer.byteLength(text))) }];
    const { shadow, passes, acknowledge, end } = setUp({ inForce: 'kept', overlays: { kept } });
    await acknowledge();
    shadow.want(wanted);
    await passes(MINUTE_MS);

    expect(shadow.rejected).toBe(0);
    expect(shadow.reported['problem']).toMatchObject({ path: 'configuration' });
    await end();
  });

  it('is reported within the size of a shadow where values of the largest size are not taken', async () => {
    const large = { id: 'large', version: 2, values: { note: 'y'.repeat(2_980) } };
    const found = '風'.repeat(500);
    const { shadow, passes, acknowledge, end } = setUp({
      inForce: 'kept',
      overlays: { kept: large },
      check: { problem: { path: found, found, allowed: found } },
    });
    await acknowledge();
    shadow.want([{ id: 'other', values: { note: 'z'.repeat(2_980) } }]);
    await passes(MINUTE_MS);

    expect(shadow.rejected).toBe(0);
    expect(shadow.reported['problem']).toMatchObject({ id: 'other', found: expect.stringMatching(/^風+…$/) });
    await end();
  });

  it('does not restart the daemon again and again by a key that no mapping holds', async () => {
    const { publisher, written, restarts, passes, acknowledge, end } = setUp({
      inForce: 'trial',
      overlays: { trial },
    });
    await acknowledge();

    publisher.deliver(
      '$aws/things/1/shadow/name/config/update/delta',
      '{"version":4,"state":{"configuration":[{"id":"one","values":{"__proto__":{},"log":{"level":"debug"}}}]}}',
    );
    await passes(5 * MINUTE_MS);

    expect([written, restarts]).toEqual([[], []]);
    await end();
  });

  it('changes nothing by what is late, comes twice, or makes no sense', async () => {
    const { publisher, shadow, written, passes, acknowledge, end } = setUp();
    const topic = '$aws/things/1/shadow/name/config/update/delta';
    shadow.deliver = (delta) => [
      { topic, payload: '\u0000' },
      { topic, payload: '{"version":"9"}' },
      { topic, payload: '{"version":9000,"state":{"other":1}}' },
      { topic, payload: `{"version":9001,"state":{"configuration":${nested(25_000)}}}` },
      {
        topic,
        payload: `{"version":9002,"state":{"configuration":[{"id":"x","values":{"a":${nested(3_000)}}}]}}`,
      },
      delta,
      delta,
      { topic, payload: JSON.stringify({ version: 1, state: { configuration: [warn] } }) },
    ];
    await acknowledge();
    shadow.want([debug]);
    publisher.deliver(
      topic.replace('/1/', '/2/'),
      JSON.stringify({ version: 99, state: { configuration: [warn] } }),
    );
    await passes(MINUTE_MS);

    expect(written).toEqual([{ ...noOverlays, trial: { ...debug, version: 2, starts: 0 } }]);
    await end();
  });

  it('needs no restart when the values are those that are kept already', async () => {
    const { shadow, written, restarts, configuration, passes, acknowledge, end } = setUp({
      inForce: 'kept',
      overlays: { kept },
    });
    await acknowledge();
    shadow.want([{ ...warn, id: 'again' }]);
    await passes(2 * MINUTE_MS);

    expect(written).toEqual([{ ...noOverlays, kept: { ...warn, id: 'again', version: expect.any(Number) } }]);
    expect(restarts).toEqual([]);
    expect(shadow.reported).toMatchObject({ configuration: [{ ...warn, id: 'again' }] });
    expect(configuration.status().id).toBe('again');
    await end();
  });

  it('is taken back by empty values, as any other: on trial first', async () => {
    const { shadow, written, restarts, passes, acknowledge, end } = setUp({
      inForce: 'kept',
      overlays: { kept },
    });
    await acknowledge();
    shadow.want([{ id: 'clear', values: {} }]);
    await passes(2 * MINUTE_MS);

    expect(written).toMatchObject([{ kept, trial: { id: 'clear', values: {} } }]);
    expect(restarts.length).toBe(1);
    await end();
  });

  it('of a station that never had any is taken back without a restart', async () => {
    const { shadow, restarts, passes, acknowledge, end } = setUp();
    await acknowledge();
    shadow.want([{ id: 'clear', values: {} }]);
    await passes(2 * MINUTE_MS);

    expect(restarts).toEqual([]);
    expect(shadow.reported).toMatchObject({ state: 'kept', configuration: [{ id: 'clear', values: {} }] });
    await end();
  });

  it('is not taken where nobody would start the daemon again, or where the disk takes nothing', async () => {
    for (const start of [{ hindrance: 'no systemd' }, { isFull: true }]) {
      const { shadow, restarts, passes, acknowledge, end } = setUp(start);
      await acknowledge();
      shadow.want([debug]);
      await passes(2 * MINUTE_MS);

      expect(shadow.reported['problem']).toMatchObject({
        found: start.isFull === true ? 'a disk that takes nothing' : 'no systemd',
      });
      expect(restarts).toEqual([]);
      await end();
    }
  });

  it('does not come into force later where the disk took nothing', async () => {
    const start: Start = { inForce: 'kept', overlays: { kept }, isFull: true };
    const { shadow, written, restarts, passes, acknowledge, end } = setUp(start);
    await acknowledge();
    shadow.want([debug]);
    await passes(2 * MINUTE_MS);
    start.isFull = false;
    start.check = { problem: { path: 'log.level', found: '"loud"', allowed: 'warn' } };

    shadow.want([{ id: 'three', values: { log: { level: 'loud' } } }]);
    await passes(2 * MINUTE_MS);

    expect(written).toMatchObject([{ kept, trial: null, dropped: { id: 'three' } }]);
    expect(restarts).toEqual([]);
    await end();
  });

  it('is not kept untried where it comes when the one before is due to be kept', async () => {
    let finish = (): void => undefined;
    const disk = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { shadow, configuration, written, restarts, passes, acknowledge, end } = setUp({
      inForce: 'trial',
      overlays: { trial },
      disk,
    });
    await acknowledge();
    configuration.noteDelivered();
    await passes(14 * MINUTE_MS);
    shadow.want([warn]);
    await passes(2 * MINUTE_MS);
    finish();
    await passes(MINUTE_MS);

    expect(written).toMatchObject([{ kept: null, trial: { ...warn, starts: 0 } }]);
    expect(restarts.length).toBe(1);
    await end();
  });

  it('leaves the one before in its place where it cannot be written that it works', async () => {
    const start: Start = { inForce: 'trial', overlays: { trial, kept }, isFull: true };
    const { shadow, configuration, written, passes, acknowledge, end } = setUp(start);
    await acknowledge();
    configuration.noteDelivered();
    await passes(15 * MINUTE_MS);
    start.isFull = false;
    start.check = { problem: { path: 'log.level', found: '"loud"', allowed: 'warn' } };
    shadow.want([{ id: 'three', values: { log: { level: 'loud' } } }]);
    await passes(1_000);

    expect(written[0]).toMatchObject({ kept, trial, dropped: { id: 'three' } });
    await end();
  });

  it('stays on trial where it cannot be written that it works', async () => {
    const { configuration, passes, end } = setUp({ inForce: 'trial', overlays: { trial }, isFull: true });
    configuration.noteDelivered();
    await passes(20 * MINUTE_MS);

    expect(configuration.status().inForce).toBe('trial');
    await end();
  });

  it('is not listened for where the station wants none', async () => {
    const { publisher, configuration, passes, acknowledge, end } = setUp({ isOff: true });
    await acknowledge();
    await passes(HOUR_MS);

    expect(publisher.subscribed).toEqual([]);
    expect(configuration.status()).toMatchObject({ state: 'off', inForce: 'own' });
    await end();
  });

  it('waits for the jobs, so that it is known what ended a connection', async () => {
    const { publisher, jobs, answerJobs, passes, acknowledge, end } = setUp({ hasJobs: true });
    const stop = new AbortController();
    const running = jobs.run(stop.signal);
    await acknowledge();
    await passes(MINUTE_MS);
    expect(publisher.subscribed).toEqual([['jobs']]);

    answerJobs();
    await passes();
    expect(publisher.subscribed.length).toBe(2);
    stop.abort();
    await running;
    await end();
  });

  it.each([
    ['the SUBSCRIBE', () => ({ kind: 'refused', reason: 'not authorized (0x87)' }) as const],
    ['the SUBSCRIBE, and the connection', () => 'hang up' as const],
  ])('is done without for a day where the policy of before refuses %s', async (_what, answer) => {
    const { publisher, configuration, passes, acknowledge, end } = setUp();
    publisher.answerSubscribe = answer;
    await acknowledge();
    await acknowledge();
    await passes(HOUR_MS);

    expect(publisher.subscribed.length).toBe(1);
    expect(configuration.status()).toMatchObject({
      state: 'without',
      problem: expect.stringMatching(/refuses|ended/),
    });
    publisher.answerSubscribe = () => ({ kind: 'subscribed' });
    await passes(DAY_MS);
    expect(configuration.status()).toMatchObject({ state: 'listening', problem: null });
    await end();
  });

  it.each([
    [
      'refuses',
      { kind: 'refused', reasonCode: 0x87, reason: 'not authorized', isPermanent: false } as const,
      'without',
    ],
    ['swallows', 'silence' as const, 'listening'],
    [
      'ends the connection at',
      { kind: 'unacknowledged', reason: 'not authorized; the connection ended' } as const,
      'without',
    ],
  ])('holds up nothing where the broker %s what the station says', async (_what, answer, state) => {
    const { publisher, configuration, passes, acknowledge, end } = setUp();
    publisher.answer = ({ topic }) => (topic.startsWith('$aws/') ? answer : { kind: 'acknowledged' });
    await acknowledge();
    await passes(2 * MINUTE_MS);

    expect(configuration.status()).toMatchObject({
      state,
      problem: expect.stringMatching(/not authorized|no PUBACK/),
    });
    expect(publisher.reconnects).toEqual([]);
    expect(await publisher.publish('weather/1/reading', '{}')).toEqual({ kind: 'acknowledged' });
    await end();
  });

  it('repeats a report that the shadow has lost, at most once an hour', async () => {
    const { shadow, passes, acknowledge, end } = setUp({ inForce: 'kept', overlays: { kept } });
    await acknowledge();
    expect(shadow.updates.length).toBe(1);
    shadow.reported = {};
    shadow.want([warn]);
    await passes(5 * MINUTE_MS);
    expect(shadow.updates.length).toBe(1);

    await passes(HOUR_MS);
    shadow.want([warn]);
    await passes(MINUTE_MS);

    expect(shadow.reported).toMatchObject({ configuration: [warn], state: 'kept' });
    await end();
  });
});
