import { describe, expect, it } from 'vitest';
import { fitDetails, type Tell } from '../../src/remote/job-client.ts';
import { type StationActions, StationVerbs } from '../../src/remote/station-verbs.ts';
import { type JobDocument, jobDocument, VERBS_IN_WORDS } from '../../src/remote/verbs.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createFakeStationActions } from '../fakes/station-actions.ts';

const told: Tell = () => Promise.resolve(true);

const setUp = (changes: Partial<StationActions> = {}, monotonicMs = 3_600_000) => {
  const clock = createManualClock({ monotonicMs, wallMs: Date.UTC(2026, 5, 1) });
  const actions = createFakeStationActions(changes);
  const update = { run: () => Promise.resolve(null), noteIdle: () => Promise.resolve() };
  const verbs = new StationVerbs({ actions, update, clock });
  const stop = new AbortController();
  const run = (document: JobDocument, begun = {}, tell = told) =>
    verbs.run(document, {
      id: 'job',
      executionNumber: 1,
      begun,
      tell,
      connection: new AbortController().signal,
      signal: stop.signal,
    });
  return { clock, actions, verbs, stop, run };
};

describe('the verbs of a station', () => {
  it('are all told to whoever asks for another', () => {
    for (const { shape } of jobDocument.options) expect(VERBS_IN_WORDS).toContain(shape.verb.value);
  });

  it('tell what doctor finds, within what AWS IoT takes', async () => {
    const findings = Array.from({ length: 30 }, (_, index) => ({
      name: `check ${index}`,
      isPassed: index % 2 === 0,
      detail: `found\n${'😀'.repeat(2_000)}`,
      remedy: null,
    }));
    const { run } = setUp({ doctor: () => Promise.resolve(findings) });

    const outcome = await run({ verb: 'doctor' });

    expect(outcome?.status).toBe('SUCCEEDED');
    expect(outcome?.details['result']).toBe('15 of 30 checks pass');
    const pairs = Object.entries(outcome?.details ?? {});
    expect(pairs.length).toBeLessThanOrEqual(10);
    for (const [, value] of pairs) expect(value).toMatch(/^[^\p{C}]{1,1024}$/u);
  });

  it('send diagnostics where the station may send them, and nowhere else', async () => {
    const url = 'https://bucket';
    const { run, actions } = setUp();
    expect(await run({ verb: 'diagnostics', url })).toEqual({
      status: 'SUCCEEDED',
      details: { bytes: '10' },
    });
    expect(actions.calls).toEqual(['upload 10 bytes to https://bucket']);

    const wary = setUp({ judgeBucketUrl: () => 'the url is not presigned' });
    expect(await wary.run({ verb: 'diagnostics', url })).toEqual({
      status: 'REJECTED',
      details: { problem: 'the url is not presigned' },
    });
    expect(wary.actions.calls).toEqual([]);
  });

  it('set the log level for a while, and put the configured one back', async () => {
    const { run, actions, verbs, clock } = setUp();

    await run({ verb: 'log-level', level: 'warn', minutes: 5 });
    expect(await run({ verb: 'log-level', level: 'debug', minutes: 10 })).toEqual({
      status: 'SUCCEEDED',
      details: { level: 'debug', until: '2026-06-01T00:10:00.000Z', afterwards: 'info' },
    });
    await clock.advance(5 * 60_000);
    expect(verbs.logLevel()).toEqual({ level: 'debug', secondsLeft: 300 });
    await clock.advance(5 * 60_000);

    expect(actions.calls).toEqual(['log level warn', 'log level debug', 'log level info']);
    expect(verbs.logLevel()).toBeNull();
  });

  it('neither restart nor reboot where nothing would bring the station back', async () => {
    const begin = () => Promise.reject(new Error('must not'));
    const hindrance = 'not run by systemd';
    const { run } = setUp({
      restart: { hindrance, begin: () => undefined },
      reboot: { hindrance, begin, takeBack: begin },
    });

    for (const verb of ['restart', 'reboot'] as const)
      expect(await run({ verb })).toEqual({ status: 'REJECTED', details: { problem: hindrance } });
  });

  it('make no loop: neither a daemon nor a machine that has just started is started again', async () => {
    const { run, actions } = setUp({}, 30_000);

    expect(await run({ verb: 'restart' })).toMatchObject({ status: 'FAILED' });
    expect(await run({ verb: 'reboot' })).toMatchObject({ status: 'FAILED' });
    expect(actions.calls).toEqual([]);
  });

  it('take a reboot back that nobody makes, and say so', async () => {
    const { run, actions, clock } = setUp();
    const running = run({ verb: 'reboot' });
    await clock.untilSleeping();
    await clock.advance(60_000);

    expect(await running).toMatchObject({
      status: 'FAILED',
      details: { problem: expect.stringContaining('weather-gateway-reboot.path') },
    });
    expect(actions.calls).toEqual(['reboot', 'no reboot']);
  });
});

describe('status details', () => {
  it('are cut to what AWS IoT takes', () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`key${index}`, 'x']));
    expect(Object.keys(fitDetails(many)).length).toBe(10);
    expect(fitDetails({ 'a key\n': ' two\n\tlines\0 ', empty: '\n', absent: undefined })).toEqual({
      a_key_: 'two lines',
    });
    expect(fitDetails({ long: `${'x'.repeat(1_022)}😀😀` })['long']).toBe(`${'x'.repeat(1_022)}…`);
  });
});
