import { describe, expect, it } from 'vitest';
import { Jobs } from '../../src/remote/jobs.ts';
import { type StationActions, StationVerbs } from '../../src/remote/station-verbs.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { createFakePublisher } from '../fakes/publisher.ts';
import { createFakeStationActions } from '../fakes/station-actions.ts';
import { JobsService } from './jobs-service.ts';
import { createStationTime } from './station-time.ts';

const DAY_MS = 86_400_000;

const doctor = { verb: 'doctor' };

/** A station that runs for a while already, and the service its publisher reaches. */
const setUp = (changes: Partial<StationActions> = {}, publisher = createFakePublisher()) => {
  const clock = createManualClock({ monotonicMs: 3_600_000 });
  const log = createRecordingLog();
  const actions = createFakeStationActions(changes);
  const service = new JobsService('1', (topic, payload) => publisher.deliver(topic, payload));
  publisher.answer = ({ topic, payload }) => {
    if (topic.startsWith('$aws/')) setImmediate(() => service.receive(topic, payload));
    return { kind: 'acknowledged' };
  };
  const startDaemon = (changed: Partial<StationActions> = {}) => {
    const update = { run: () => Promise.resolve(null), noteIdle: () => Promise.resolve() };
    const verbs = new StationVerbs({ actions: { ...actions, ...changed }, update, clock });
    const jobs = new Jobs({ thing: '1', publisher, clock, log, verbs, random: () => 0.5 });
    const stop = new AbortController();
    const running = jobs.run(stop.signal);
    const end = async (): Promise<void> => {
      stop.abort();
      await running;
    };
    return { jobs, end };
  };
  const first = startDaemon();
  publisher.start();
  const { passes, acknowledge } = createStationTime(clock, publisher);
  const asks = (): number => service.requests.filter(({ topic }) => topic.endsWith('/start-next')).length;
  return { clock, log, actions, service, publisher, startDaemon, passes, acknowledge, asks, ...first };
};

describe('jobs of AWS IoT', () => {
  it('are asked for after the first acknowledgement of each connection, with the filters of the policy', async () => {
    const { publisher, acknowledge, passes, asks, jobs, end } = setUp();
    await passes(60_000);
    expect(publisher.subscribed).toEqual([]);
    expect(jobs.status()).toMatchObject({ state: 'away', problem: null });

    await acknowledge();

    const topic = '$aws/things/1/jobs';
    expect(publisher.subscribed).toEqual([
      [`${topic}/notify-next`, `${topic}/start-next/+`, `${topic}/+/update/+`],
    ]);
    expect(asks()).toBe(1);
    expect(jobs.status()).toMatchObject({ state: 'listening', problem: null, done: 0 });

    publisher.reconnect('test');
    await passes();
    await acknowledge();
    expect(asks()).toBe(2);
    await end();
  });

  it('are done as they are told, one after the other, with the version that AWS IoT has', async () => {
    const { service, actions, acknowledge, passes, jobs, end } = setUp();
    await acknowledge();

    service.add('one', doctor);
    service.add('two', { verb: 'log-level', level: 'debug', minutes: 5 });
    await passes(10_000);

    expect(actions.calls).toEqual(['doctor', 'log level debug']);
    expect(service.stateOf('one')).toEqual({
      status: 'SUCCEEDED',
      statusDetails: {
        result: '1 of 2 checks pass',
        passed: 'clock',
        failure1: 'disk: 3 MB free -> free disk space',
      },
    });
    expect(service.stateOf('two')).toMatchObject({ status: 'SUCCEEDED', statusDetails: { level: 'debug' } });
    expect(jobs.status()).toMatchObject({ done: 2, job: null, logLevel: { level: 'debug' } });
    await end();
  });

  it.each([
    ['an unknown verb', { verb: 'shell', command: 'rm -rf /' }],
    ['no verb', { steps: [] }],
    ['no object', 'doctor'],
    ['nothing', null],
    ['a key too many', { verb: 'doctor', path: '/etc/shadow' }],
    ['a level that is none', { verb: 'log-level', level: 'loud' }],
    ['no end', { verb: 'log-level', level: 'debug', minutes: 100_000 }],
    ['32 KB', { verb: 'x'.repeat(32_000) }],
    ['a verb of each prototype', { verb: 'constructor' }],
  ])('are rejected with what is allowed: %s', async (_what, document) => {
    const { service, actions, acknowledge, passes, end } = setUp();
    await acknowledge();

    service.add('odd', document);
    await passes(10_000);

    expect(service.stateOf('odd')).toEqual({
      status: 'REJECTED',
      statusDetails: { problem: expect.any(String), allowed: expect.stringMatching(/^doctor; diagnostics/) },
    });
    expect(actions.calls).toEqual([]);
    await end();
  });

  describe('where the policy is of before', () => {
    it('are done without for a day when the SUBACK refuses, and it is said', async () => {
      const { publisher, log, jobs, acknowledge, passes, end } = setUp();
      publisher.answerSubscribe = () => ({ kind: 'refused', reason: 'not authorized (0x87)' });
      await acknowledge();
      publisher.reconnect('test');
      await passes();
      await acknowledge();

      expect(publisher.subscribed.length).toBe(1);
      expect(jobs.status()).toMatchObject({
        state: 'without',
        problem: 'the broker refuses the subscription: not authorized (0x87)',
        retrySeconds: expect.any(Number),
      });
      expect(log.lines('warn')).toEqual([
        expect.objectContaining({ message: 'the station does without jobs for a day; readings go on' }),
      ]);

      publisher.answerSubscribe = () => ({ kind: 'subscribed' });
      await passes(DAY_MS);
      expect(publisher.subscribed.length).toBe(2);
      expect(jobs.status()).toMatchObject({ state: 'listening', problem: null });
      await end();
    });

    it('cost one connection a day where the SUBSCRIBE ends it', async () => {
      const { publisher, jobs, acknowledge, passes, end } = setUp();
      publisher.answerSubscribe = () => 'hang up';
      for (let connection = 0; connection < 10; connection += 1) {
        await acknowledge();
        await passes(60_000);
      }

      expect(publisher.subscribed.length).toBe(1);
      expect(jobs.status()).toMatchObject({ state: 'without' });
      expect(publisher.link()).toEqual({ state: 'connected' });
      await end();
    });

    it('are done without when the question ends the connection, or is refused', async () => {
      for (const answer of ['hang up', 'refuse'] as const) {
        const { publisher, jobs, acknowledge, passes, end } = setUp();
        publisher.answer = ({ topic }) => {
          if (!topic.startsWith('$aws/')) return { kind: 'acknowledged' };
          if (answer === 'refuse')
            return { kind: 'refused', reasonCode: 0x87, reason: 'not authorized (0x87)', isPermanent: false };
          setImmediate(() => publisher.reconnect('hung up'));
          return 'silence';
        };
        await acknowledge();
        await passes(1_000);
        await acknowledge();

        expect(publisher.subscribed.length).toBe(1);
        expect(jobs.status()).toMatchObject({ state: 'without' });
        await end();
      }
    });

    it('are asked for again after a day where the question was refused and the connection lasts', async () => {
      const { publisher, asks, jobs, acknowledge, passes, end } = setUp();
      const answer = publisher.answer;
      publisher.answer = ({ topic }) =>
        topic.startsWith('$aws/')
          ? { kind: 'refused', reasonCode: 0x87, reason: 'not authorized (0x87)', isPermanent: false }
          : { kind: 'acknowledged' };
      await acknowledge();
      publisher.answer = answer;
      await passes(DAY_MS);

      expect(asks()).toBe(1);
      expect(jobs.status()).toMatchObject({ state: 'listening', problem: null });
      await end();
    });

    it('are asked for again at once where the policy was right before and one connection breaks', async () => {
      const { publisher, jobs, acknowledge, passes, end } = setUp();
      await acknowledge();
      publisher.answerSubscribe = () => 'hang up';
      publisher.reconnect('test');
      await passes();
      await acknowledge();
      expect(jobs.status()).toMatchObject({ state: 'away', problem: null });

      await acknowledge();
      expect(jobs.status()).toMatchObject({ state: 'without' });
      await end();
    });
  });

  describe('from a service that answers badly', () => {
    it('are asked for at growing intervals while nobody answers, and it is said once', async () => {
      const { service, log, jobs, acknowledge, passes, asks, end } = setUp();
      service.deliver = () => [];
      await acknowledge();
      for (let minute = 0; minute < 240; minute += 1) await passes(60_000);

      expect(asks()).toBeGreaterThan(4);
      expect(asks()).toBeLessThan(15);
      expect(jobs.status()).toMatchObject({
        state: 'listening',
        problem: 'nobody answers: no answer within 30 s',
      });
      expect(log.lines('info').length).toBe(1);
      await end();
    });

    it.each([
      ['twice', (answer: { topic: string; payload: string }) => [answer, answer, answer]],
      [
        'with garbage around them',
        (answer: { topic: string; payload: string }) => [
          { topic: answer.topic, payload: '{"clientToken":' },
          { topic: answer.topic, payload: 'null' },
          { topic: answer.topic, payload: '{"clientToken":"another","execution":{"jobId":"../x"}}' },
          { topic: '$aws/things/1/jobs/start-next/accepted/more', payload: answer.payload },
          answer,
        ],
      ],
      [
        'for another thing first',
        (answer: { topic: string; payload: string }) => [
          { ...answer, topic: answer.topic.replace('/1/', '/2/') },
          answer,
        ],
      ],
      [
        'on the topic of another question first',
        (answer: { topic: string; payload: string }) => [
          { ...answer, topic: '$aws/things/1/jobs/other/update/accepted' },
          answer,
        ],
      ],
    ])('are done once where answers come %s', async (_how, deliver) => {
      const { service, actions, acknowledge, passes, end } = setUp();
      service.deliver = deliver;
      await acknowledge();
      service.add('one', doctor);
      await passes(10_000);

      expect(service.stateOf('one')).toMatchObject({ status: 'SUCCEEDED' });
      expect(actions.calls).toEqual(['doctor']);
      await end();
    });

    it('are done once where the answer to the result is late, and it is reported again', async () => {
      const { service, publisher, actions, acknowledge, passes, jobs, end } = setUp();
      const late: { topic: string; payload: string }[] = [];
      service.deliver = (answer, { status }) => {
        if (status === undefined) return [answer];
        late.push(answer);
        return [];
      };
      await acknowledge();
      service.add('one', doctor);
      await passes(40_000);
      for (const { topic, payload } of late) publisher.deliver(topic, payload);
      service.deliver = (answer) => [answer];
      await passes(300_000);

      expect(actions.calls).toEqual(['doctor']);
      expect(service.stateOf('one')).toMatchObject({ status: 'SUCCEEDED' });
      expect(jobs.status()).toMatchObject({ job: null, problem: null });
      await end();
    });

    it('are done with the version that AWS IoT has meanwhile', async () => {
      let clash = (): void => undefined;
      const { service, acknowledge, passes, end } = setUp({
        doctor: () => {
          clash();
          return Promise.resolve([]);
        },
      });
      await acknowledge();
      const execution = service.add('one', doctor);
      clash = () => {
        execution.versionNumber += 3;
      };
      await passes(10_000);

      expect(service.stateOf('one')).toMatchObject({ status: 'SUCCEEDED' });
      expect(service.requests.filter(({ status }) => status !== undefined).length).toBe(2);
      await end();
    });

    it('are left alone once cancelled, and the next one is done', async () => {
      let cancel = (): void => undefined;
      const { service, log, acknowledge, passes, end } = setUp({
        doctor: () => {
          cancel();
          return Promise.resolve([]);
        },
      });
      await acknowledge();
      const execution = service.add('one', doctor);
      cancel = () => {
        execution.status = 'CANCELED';
        cancel = () => undefined;
      };
      service.add('two', doctor);
      await passes(600_000);

      expect(service.stateOf('one')).toMatchObject({ status: 'CANCELED' });
      expect(service.stateOf('two')).toMatchObject({ status: 'SUCCEEDED' });
      expect(log.lines('warn')).toContainEqual(expect.objectContaining({ code: 'TerminalStateReached' }));
      await end();
    });

    it('disturb nothing when a notification is none', async () => {
      const { service, publisher, acknowledge, passes, asks, end } = setUp();
      await acknowledge();
      for (const payload of ['', '[', '{"execution":1}', '{"timestamp":1}', 'x'.repeat(60_000)])
        publisher.deliver(`${service.jobsTopic}/notify-next`, payload);
      await passes(10_000);

      expect(asks()).toBe(1);
      await end();
    });
  });

  it('queue up to 200, and take their time with documents of 32 KB', async () => {
    const { service, acknowledge, passes, clock, end } = setUp();
    await acknowledge();
    const sinceMs = clock.monotonicMs();
    for (let index = 0; index < 200; index += 1)
      service.add(`job-${index}`, { verb: 'nothing', filler: 'x'.repeat(32_000) });
    for (let minute = 0; minute < 120; minute += 1) await passes(60_000);

    expect(service.executions.every(({ status }) => status === 'REJECTED')).toBe(true);
    expect(clock.monotonicMs() - sinceMs).toBeGreaterThan(200 * 5_000);
    await end();
  });

  it('are done where one is deleted and made again under its name', async () => {
    const { service, actions, acknowledge, passes, end } = setUp();
    await acknowledge();
    service.add('look', doctor);
    await passes(10_000);

    service.executions.length = 0;
    service.add('look', { verb: 'log-level', level: 'debug' });
    await passes(10_000);

    expect(actions.calls).toEqual(['doctor', 'log level debug']);
    expect(service.stateOf('look')).toMatchObject({ statusDetails: { level: 'debug' } });
    await end();
  });

  it('go on after a connection that broke while one was done, without doing it twice', async () => {
    let finish: (findings: []) => void = () => undefined;
    let done = 0;
    const { service, publisher, acknowledge, passes, end } = setUp({
      doctor: () => {
        done += 1;
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
    });
    await acknowledge();
    service.add('one', doctor);
    await passes(1_000);
    publisher.setNetwork(false);
    await passes(60_000);
    finish([]);
    await passes(60_000);
    expect(service.stateOf('one')).toMatchObject({ status: 'IN_PROGRESS' });

    publisher.setNetwork(true);
    await acknowledge();
    await passes(120_000);

    expect(service.stateOf('one')).toMatchObject({ status: 'SUCCEEDED' });
    expect(done).toBe(1);
    await end();
  });

  it('fail with the reason of whatever goes wrong, also when it does not end', async () => {
    const { service, acknowledge, passes, end } = setUp({
      diagnostics: () => Promise.reject(new Error('ENOSPC: no space left on device')),
      doctor: () => new Promise(() => undefined),
    });
    await acknowledge();
    service.add('full', { verb: 'diagnostics', url: 'https://b.s3.eu-west-1.amazonaws.com/k' });
    service.add('stuck', doctor);
    await passes(3_600_000);

    expect(service.stateOf('full')).toEqual({
      status: 'FAILED',
      statusDetails: { problem: 'ENOSPC: no space left on device' },
    });
    expect(service.stateOf('stuck')).toMatchObject({
      status: 'FAILED',
      statusDetails: { problem: 'not done within 30 minutes' },
    });
    await end();
  });

  it('restart the daemon, and succeed in the next run', async () => {
    const { service, actions, acknowledge, passes, publisher, end, startDaemon } = setUp();
    await acknowledge();
    await passes(60_000);
    service.add('again', { verb: 'restart' });
    await passes(2_000);
    expect(actions.calls).toEqual(['restart']);
    expect(service.stateOf('again')).toEqual({
      status: 'IN_PROGRESS',
      statusDetails: { step: 'restarting', run: 'run-1' },
    });

    await end();
    publisher.reconnect('the next run');
    await passes();
    const next = startDaemon({ runId: 'run-2' });
    await acknowledge();

    expect(service.stateOf('again')).toMatchObject({ status: 'SUCCEEDED', statusDetails: { run: 'run-2' } });
    expect(actions.calls).toEqual(['restart']);
    await next.end();
  });

  it('reboot the machine, and succeed in another boot only', async () => {
    const { service, actions, acknowledge, passes, publisher, end, startDaemon } = setUp();
    await acknowledge();
    service.add('boot', { verb: 'reboot' });
    await passes(2_000);
    expect(actions.calls).toEqual(['reboot']);
    await end();

    // The daemon alone came back: the machine has not rebooted.
    publisher.reconnect('the next run');
    await passes();
    const same = startDaemon({ runId: 'run-2' });
    await acknowledge();
    expect(service.stateOf('boot')).toMatchObject({ status: 'IN_PROGRESS' });
    expect(actions.calls).toEqual(['reboot', 'reboot']);
    await same.end();

    publisher.reconnect('the next boot');
    await passes();
    const next = startDaemon({ runId: 'run-3', bootId: 'boot-2' });
    await acknowledge();
    expect(service.stateOf('boot')).toMatchObject({ status: 'SUCCEEDED', statusDetails: { boot: 'boot-2' } });
    expect(actions.calls).toEqual(['reboot', 'reboot']);
    await next.end();
  });

  it('neither restart nor reboot where the step could not be told', async () => {
    const { service, actions, acknowledge, passes, end } = setUp();
    service.deliver = (answer, { status }) => (status === undefined ? [answer] : []);
    await acknowledge();
    service.add('boot', { verb: 'reboot' });
    await passes(120_000);

    expect(actions.calls).toEqual([]);
    await end();
  });
});
