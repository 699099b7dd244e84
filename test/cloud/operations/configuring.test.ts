import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetThingShadowCommand,
  type GetThingShadowCommandInput,
  IoTDataPlaneClient,
  RequestEntityTooLargeException,
  ResourceNotFoundException,
  UpdateThingShadowCommand,
} from '@aws-sdk/client-iot-data-plane';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  describeConfigurations,
  haveFailed,
  isAllOver,
  lookAtConfigurations,
  readRemoteValues,
  sendConfiguration,
  watchConfigurations,
} from '../../../cloud/operations/configuring.ts';
import { nameByTime } from '../../../cloud/operations/jobs.ts';
import { formatProblem } from '../../../src/config/text-file.ts';
import { parseDelta, parseSentConfiguration, type SentConfiguration } from '../../../src/remote/shadow.ts';
import { ShadowService } from '../../remote/shadow-service.ts';
import { actionsOf, commandsIn, documentedRights, problemsOfRights } from './documented-rights.ts';

const blob = (value: unknown) => Buffer.from(JSON.stringify(value));
type Update = { readonly thingName: string; readonly shadowName: string; readonly payload: Buffer };

const slower: SentConfiguration = { id: 'slower', values: { reporting: { intervalSeconds: 60 } } };

describe('the file of a configuration from afar', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'configure-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const read = (text: string | Buffer) => {
    const file = join(folder, 'new.yaml');
    writeFileSync(file, text);
    return readRemoteValues(file);
  };
  const problemsIn = async (text: string | Buffer): Promise<string[]> =>
    ((await read(text)).problems ?? []).map((problem) => formatProblem(problem).replace(`${folder}/`, ''));

  it('gives its values as they are written, without defaults', async () => {
    const text = '# slower\nreporting:\n  intervalSeconds: 60\nlog: { level: debug }\npreAlerts: []\n';
    expect(await read(text)).toEqual({
      value: { reporting: { intervalSeconds: 60 }, log: { level: 'debug' }, preAlerts: [] },
    });
  });

  it('says line, key, found and allowed of everything that a station would refuse', async () => {
    const text = [
      'reporting:',
      '  intervalSeconds: 0',
      'aws: { endpoint: evil.example }',
      'sensors:',
      '  anemometer: { gpio: 17 }',
      'log: { levle: debug }',
    ].join('\n');
    expect(await problemsIn(text)).toEqual([
      expect.stringMatching(/^new\.yaml:2:20: reporting\.intervalSeconds: found 0; allowed: /),
      expect.stringMatching(
        /^new\.yaml:3:1: aws: found an unknown key; allowed: reporting, sensors, quality, preAlerts, log/,
      ),
      expect.stringMatching(
        /^new\.yaml:5:17: sensors\.anemometer\.gpio: found an unknown key; allowed: kmhPerHz/,
      ),
      expect.stringMatching(/^new\.yaml:6:8: log\.levle: found an unknown key; allowed: level/),
    ]);
  });

  it.each([
    ['', 'found nothing; allowed: a mapping'],
    ['{}', 'new.yaml:1:1: found no value; allowed: at least one (--clear takes back what came from afar)'],
    ['reporting: {}\nsensors: { kernel: {} }', 'found no value'],
    ['a: [', 'broken YAML'],
    [Buffer.from([0x61, 0x3a, 0xe9]), 'found bytes that are not UTF-8'],
  ])('is refused where it has no values: %s', async (text, problem) => {
    expect(await problemsIn(text)).toEqual([expect.stringContaining(problem)]);
  });

  it('is what docs/operations.md shows, with the problem that it shows', async () => {
    const page = readFileSync('docs/operations.md', 'utf8');
    const [, example = ''] = /```yaml\n# slower\.yaml\n(.*?)```/s.exec(page) ?? [];
    const [, problem = ''] = /```text\nslower(\.yaml:2:.*?)\n```/s.exec(page) ?? [];

    expect((await read(example)).value).toMatchObject({ reporting: { intervalSeconds: 60 } });
    const wrong = `# slower.yaml\n${example.replace('intervalSeconds: 60', 'intervalSeconds: 0')}`;
    expect(await problemsIn(wrong)).toEqual([`new${problem}`]);
  });

  it('is refused where it is none', async () => {
    const { problems = [] } = await readRemoteValues(join(folder, 'absent.yaml'));
    expect(problems.map(formatProblem)).toEqual([
      `${join(folder, 'absent.yaml')}: found no such file; allowed: a YAML file with the values to be changed`,
    ]);
  });
});

describe('configuring stations', () => {
  const data = mockClient(IoTDataPlaneClient);
  const client = new IoTDataPlaneClient();
  let shadows: Map<string, ShadowService>;
  /** What the stations get. */
  let deltas: { readonly topic: string; readonly payload: string }[];
  let lines: string[];
  const report = (line: string): void => void lines.push(line);

  const shadowOf = (station: string): ShadowService => {
    const shadow =
      shadows.get(station) ??
      new ShadowService(station, (topic, payload) => void deltas.push({ topic, payload }));
    shadows.set(station, shadow);
    return shadow;
  };
  const says = (station: string, reported: object): void => {
    const shadow = shadowOf(station);
    shadow.receive(`${shadow.topic}/update`, JSON.stringify({ state: { reported } }));
  };
  const showShadow = ({ thingName = '', shadowName = '' }: GetThingShadowCommandInput) => {
    const shadow = shadows.get(thingName);
    if (shadow === undefined || !shadow.topic.endsWith(`/${shadowName}`))
      throw new ResourceNotFoundException({ message: 'no shadow', $metadata: {} });
    const { desired, reported, version } = shadow;
    return { payload: blob({ state: { desired, reported }, metadata: {}, version }) };
  };
  beforeEach(() => {
    shadows = new Map();
    deltas = [];
    lines = [];
    data.reset();
    data.on(UpdateThingShadowCommand).callsFake(({ thingName, shadowName, payload }: Update) => {
      const { state } = JSON.parse(payload.toString());
      const shadow = shadowOf(thingName);
      expect(shadow.topic).toMatch(new RegExp(`/${shadowName}$`));
      if (state.reported !== undefined) says(thingName, state.reported);
      shadow.want(state.desired.configuration);
      return { payload: blob({ state }) };
    });
    data.on(GetThingShadowCommand).callsFake(showShadow);
  });

  const send = (stations: readonly string[], sent = slower, pauseMs = 0): Promise<void> =>
    sendConfiguration(client, stations, sent, { pauseMs, report });

  describe('sends', () => {
    it('what a station understands, under an id that it takes', async () => {
      const id = nameByTime(new Date());
      await send(['1'], { ...slower, id });
      await send(['1'], { id: 'back', values: {} });

      const [first, second] = deltas.map(({ payload }) => parseDelta(payload)?.configuration);
      expect(parseSentConfiguration(first)).toEqual({ ...slower, id });
      expect(parseSentConfiguration(second)).toEqual({ id: 'back', values: {} });
      expect(lines).toEqual([`${id} for station 1`, 'back for station 1']);
    });

    it('to one station after the other, with a pause', async () => {
      const startedAtMs = performance.now();
      await send(['1', '2', '3'], slower, 20);

      expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(38);
      expect(deltas.map(({ topic }) => topic)).toEqual(
        ['1', '2', '3'].map((name) => `$aws/things/${name}/shadow/name/config/update/delta`),
      );
    });

    it('to nobody after the first that was refused, and says to how many', async () => {
      data.on(UpdateThingShadowCommand, { thingName: '2' }).rejects(new Error('forbidden'));

      await expect(send(['1', '2', '3'])).rejects.toThrow('station 2: forbidden\nsent to 1 of 3 stations');
      expect([...shadows.keys()]).toEqual(['1']);
    });

    it('also where what the station has reported takes the room', async () => {
      says('1', { effective: [{ quality: {} }], state: 'kept' });
      data
        .on(UpdateThingShadowCommand)
        .rejectsOnce(new RequestEntityTooLargeException({ message: 'too large', $metadata: {} }))
        .callsFake(({ payload }: Update) => {
          const { state } = JSON.parse(payload.toString());
          says('1', state.reported);
          shadowOf('1').want(state.desired.configuration);
          return {};
        });

      await send(['1']);

      expect(shadowOf('1').reported).toEqual({ state: 'kept' });
      expect(shadowOf('1').desired).toEqual({ configuration: [slower] });
    });
  });

  const problem = { id: 'slower', path: 'sensors.sht4x', found: 'a sensor', allowed: 'none' };

  it('shows what is wanted and in force', async () => {
    says('1', { release: '0.2.0', connected: '2026-11-29 06:15:00', configuration: [slower], state: 'kept' });
    says('2', {
      release: '0.2.0',
      connected: '2026-11-29 06:16:00',
      configuration: [],
      state: 'own',
      problem,
    });
    await send(['1', '2', '3']);

    const answers = await lookAtConfigurations(client, ['1', '2', '3', '4']);

    expect(describeConfigurations(answers)).toEqual([
      '1: kept',
      '  wanted: slower',
      '  in force: slower',
      '    reporting.intervalSeconds: 60',
      '  release: 0.2.0',
      '  connected: 2026-11-29 06:15:00 UTC',
      '2: problem: sensors.sht4x: found a sensor; allowed: none',
      '  wanted: slower',
      '  in force: its file alone',
      '  release: 0.2.0',
      '  connected: 2026-11-29 06:16:00 UTC',
      '3: waiting (it has never reported)',
      '  wanted: slower',
      '4: unsent',
    ]);
    expect([haveFailed(answers), isAllOver(answers)]).toEqual([true, false]);
    expect(haveFailed(answers.filter(({ station }) => station !== '2'))).toBe(false);
  });

  describe('watches', () => {
    const sentTo = (...stations: string[]) => new Map(stations.map((station) => [station, 'slower']));
    const options = (stop = new AbortController().signal) => ({
      intervalMs: 1,
      timeoutMs: 60_000,
      nowMs: () => performance.now(),
      report,
      stop,
    });
    /** What happens before each look at a station. */
    const beforeLooks = (station: string, ...steps: readonly (() => void)[]): void => {
      let looks = 0;
      data
        .on(GetThingShadowCommand, { thingName: station })
        .callsFake((input: GetThingShadowCommandInput) => {
          steps[looks]?.();
          looks += 1;
          return showShadow(input);
        });
    };

    it('each station until it has kept it or has a problem, and says each step once', async () => {
      await send(['1', '2']);
      lines.length = 0;
      const nothing = (): void => undefined;
      beforeLooks(
        '1',
        () => says('1', { configuration: [], state: 'own' }),
        () => says('1', { configuration: [slower], state: 'trial' }),
        nothing,
        () => says('1', { configuration: [slower], state: 'kept' }),
      );
      beforeLooks('2', nothing, () => says('2', { configuration: [], state: 'own', problem }));

      const answers = await watchConfigurations(client, sentTo('1', '2'), options());

      expect(lines).toEqual([
        '1: waiting',
        '2: waiting (it has never reported)',
        '1: trial (a reading was delivered with it)',
        '2: problem: sensors.sht4x: found a sensor; allowed: none',
        '1: kept',
      ]);
      expect(answers?.map(({ progress }) => progress)).toEqual(['kept', 'problem']);
      const looks = data.commandCalls(GetThingShadowCommand).map(({ args }) => args[0].input.thingName);
      expect(looks).toEqual(['1', '2', '1', '2', '1', '1']);
    });

    it('a station that goes back to what it had before', async () => {
      await send(['1']);
      const failed = { id: 'slower', path: '', found: 'no reading', allowed: 'readings' };
      beforeLooks(
        '1',
        () => says('1', { configuration: [slower], state: 'trial' }),
        () => says('1', { configuration: [{ id: 'old', values: {} }], state: 'kept', problem: failed }),
      );

      const answers = (await watchConfigurations(client, sentTo('1'), options())) ?? [];

      expect(describeConfigurations(answers)).toEqual([
        '1: problem: found no reading; allowed: readings',
        '  wanted: slower',
        '  in force: old',
      ]);
      expect(haveFailed(answers)).toBe(true);
    });

    it('no longer once somebody else wants something else, or nothing was ever sent', async () => {
      await send(['1']);
      beforeLooks('1', () => shadowOf('1').want([{ id: 'other', values: {} }]));
      const sent = new Map([...sentTo('1'), ['2', undefined] as const]);

      const answers = (await watchConfigurations(client, sent, options())) ?? [];

      expect(lines.slice(1)).toEqual(['1: replaced by other', '2: unsent']);
      expect([haveFailed(answers), isAllOver(answers)]).toEqual([true, true]);
    });

    it('to the end of its time, although a station is away', async () => {
      await send(['1']);
      let nowMs = 0;
      const answers = await watchConfigurations(client, sentTo('1'), {
        ...options(),
        nowMs: () => {
          nowMs += 25_000;
          return nowMs;
        },
      });

      expect(data.commandCalls(GetThingShadowCommand).length).toBe(3);
      expect([isAllOver(answers ?? []), haveFailed(answers ?? [])]).toEqual([false, false]);
    });

    it('until it is stopped, and ends with the error of AWS', async () => {
      await send(['1']);
      const stop = new AbortController();
      const stopped = watchConfigurations(client, sentTo('1'), {
        ...options(stop.signal),
        intervalMs: 60_000,
        report: () => stop.abort(),
      });
      expect(await stopped).toBeNull();

      data.on(GetThingShadowCommand).rejects(new Error('the token has expired'));
      await expect(watchConfigurations(client, sentTo('1'), options())).rejects.toThrow('expired');
    });

    it('without letting a station write to the terminal anything but its lines, or garble the others', async () => {
      const evil = '\u001b[2J\u009b1A\r\n9: kept\t';
      const configuration = [{ id: 'slower', values: { [evil]: evil } }];
      await send(['1', '2']);
      says('1', { problem: { id: 'slower', path: evil, found: evil, allowed: evil } });
      says('1', { release: evil, connected: evil, configuration, state: evil });
      says('2', { release: 1, connected: {}, configuration: 'slower', state: [], problem: 'none' });

      const answers = await lookAtConfigurations(client, ['1', '2']);

      const all = describeConfigurations(answers);
      expect(all[0]).toMatch(/^1: problem: \\u001b\[2J/);
      expect(all.slice(-3)).toEqual(['2: waiting', '  wanted: slower', '  in force: its file alone']);
      expect(all.join('')).not.toMatch(/\p{Cc}/u);
    });
  });
});

describe('the rights to configure stations that docs/cloud.md names', () => {
  const statements = documentedRights('To configure stations, these are enough:');

  it('are what AWS can grant, each on resources of its own types', async () => {
    expect(await problemsOfRights(statements)).toEqual([]);
  });

  it('are those that the command uses', () => {
    const finding = commandsIn('jobs').filter((name) => name !== 'CreateJob');
    const used = [...finding, ...commandsIn('configuring')];
    expect(actionsOf(statements)).toEqual([...new Set(used)].toSorted());
  });
});
