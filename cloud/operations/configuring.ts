import { setTimeout as delay } from 'node:timers/promises';
import {
  GetThingShadowCommand,
  type IoTDataPlaneClient,
  RequestEntityTooLargeException,
  ResourceNotFoundException,
  UpdateThingShadowCommand,
} from '@aws-sdk/client-iot-data-plane';
import { z } from 'zod';
import { checkRemoteValues, remoteValuesIn } from '../../src/config/remote-part.ts';
import { readTextFile } from '../../src/config/text-file.ts';
import { parseSentConfiguration, type SentConfiguration, SHADOW_NAME } from '../../src/remote/shadow.ts';
import { formatError } from '../../src/weather/format.ts';
import { oneLine } from './job-watching.ts';

/** The values of a file, or all that is wrong with it, by the station's own schema: what it would refuse is not sent. */
export const readRemoteValues = async (file: string): Promise<ReturnType<typeof checkRemoteValues>> => {
  const { text, problem } = await readTextFile(file, 'a YAML file with the values to be changed');
  if (text === undefined) return { problems: [problem] };
  const checked = checkRemoteValues({ file, text });
  if (checked.problems !== undefined || remoteValuesIn(checked.value, undefined).length > 0) return checked;
  const allowed = 'at least one (--clear takes back what came from afar)';
  return { problems: [{ file, line: 1, column: 1, key: '', found: 'no value', allowed }] };
};

const want = async (
  data: IoTDataPlaneClient,
  station: string,
  configuration: SentConfiguration,
): Promise<void> => {
  const update = async (others: object): Promise<void> => {
    const document = { state: { desired: { configuration: [configuration] }, ...others } };
    const payload = Buffer.from(JSON.stringify(document));
    await data.send(new UpdateThingShadowCommand({ thingName: station, shadowName: SHADOW_NAME, payload }));
  };
  try {
    await update({});
  } catch (error) {
    if (!(error instanceof RequestEntityTooLargeException)) throw error;
    // A shadow has 8 KB for both sides. This fills the station's, which says it again with its answer.
    await update({ reported: { effective: null } });
  }
};

type SendOptions = {
  /** Between two stations: each of them restarts. */
  readonly pauseMs: number;
  readonly report: (line: string) => void;
};

/** Writes into the shadow of each station what is wanted of it. Ends at the first that does not take it. */
export const sendConfiguration = async (
  data: IoTDataPlaneClient,
  stations: readonly string[],
  configuration: SentConfiguration,
  { pauseMs, report }: SendOptions,
): Promise<void> => {
  for (const [index, station] of stations.entries()) {
    if (index > 0) await delay(pauseMs);
    try {
      await want(data, station, configuration);
    } catch (error) {
      const reason = formatError(error);
      throw new Error(`station ${station}: ${reason}\nsent to ${index} of ${stations.length} stations`);
    }
    report(`${configuration.id} for station ${station}`);
  }
};

const text = z.string().optional().catch(undefined);

const reported = z.object({
  release: text,
  connected: text,
  configuration: z.unknown(),
  state: text,
  problem: z
    .object({ id: z.string().nullable(), path: z.string(), found: z.string(), allowed: z.string() })
    .optional()
    .catch(undefined),
});

/** What is in a shadow that has no place here counts as not there. */
const shadowDocument = z.object({
  state: z.object({
    desired: z.object({ configuration: z.unknown() }).optional().catch(undefined),
    reported: reported.optional().catch(undefined),
  }),
});

/** What is wanted of a station, and what it has said of that. */
type StationShadow = {
  readonly station: string;
  /** `null` where nobody ever sent anything. */
  readonly wanted: SentConfiguration | null;
  /** `null` where it never said anything. */
  readonly reported: z.output<typeof reported> | null;
};

const look = async (
  data: IoTDataPlaneClient,
  station: string,
  abortSignal: AbortSignal,
): Promise<StationShadow> => {
  const command = new GetThingShadowCommand({ thingName: station, shadowName: SHADOW_NAME });
  try {
    const { payload } = await data.send(command, { abortSignal });
    const { state } = shadowDocument.parse(JSON.parse(Buffer.from(payload ?? '').toString()));
    return {
      station,
      wanted: parseSentConfiguration(state.desired?.configuration),
      reported: state.reported ?? null,
    };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return { station, wanted: null, reported: null };
    throw error;
  }
};

/** `replaced`: somebody wants something else by now. `unsent`: nobody ever wanted anything. */
type Progress = 'waiting' | 'trial' | 'kept' | 'problem' | 'replaced' | 'unsent';

/** How far a station is with what was sent under an id. */
export type StationAnswer = StationShadow & { readonly progress: Progress };

const answerTo = (shadow: StationShadow, id: string | undefined): StationAnswer => {
  const { wanted, reported: said } = shadow;
  const progressOf = (): Progress => {
    if (id === undefined) return 'unsent';
    if (wanted?.id !== id) return 'replaced';
    if (said?.problem?.id === id) return 'problem';
    if (parseSentConfiguration(said?.configuration)?.id !== id) return 'waiting';
    return said?.state === 'kept' ? 'kept' : 'trial';
  };
  return { ...shadow, progress: progressOf() };
};

const isOver = ({ progress }: StationAnswer): boolean => progress !== 'waiting' && progress !== 'trial';

/** Whether a station did not take it, or did not keep it. One that has not answered yet has not failed. */
export const haveFailed = (answers: readonly StationAnswer[]): boolean =>
  answers.some(({ progress }) => progress === 'problem' || progress === 'replaced');

export const isAllOver = (answers: readonly StationAnswer[]): boolean => answers.every(isOver);

const progressLine = ({ station, progress, wanted, reported: said }: StationAnswer): string => {
  const { path = '', found, allowed } = said?.problem ?? {};
  const details: Readonly<Record<Progress, string>> = {
    waiting: said === null ? ' (it has never reported)' : '',
    trial: ' (a reading was delivered with it)',
    kept: '',
    problem: `: ${path === '' ? '' : `${path}: `}found ${found}; allowed: ${allowed}`,
    replaced: ` by ${wanted?.id ?? 'nothing'}`,
    unsent: '',
  };
  return oneLine(`${station}: ${progress}${details[progress]}`);
};

/** Each station with what is in force there. */
export const describeConfigurations = (answers: readonly StationAnswer[]): string[] =>
  answers.flatMap((answer) => {
    const { reported: said, wanted } = answer;
    const inForce = parseSentConfiguration(said?.configuration);
    const values = remoteValuesIn(inForce?.values ?? {}, undefined);
    return [
      progressLine(answer),
      ...(wanted === null ? [] : [`  wanted: ${wanted.id}`]),
      ...(said?.configuration === undefined ? [] : [`  in force: ${inForce?.id ?? 'its file alone'}`]),
      ...values.map(({ key, value }) => oneLine(`    ${key}: ${JSON.stringify(value)}`)),
      ...(said?.release === undefined ? [] : [oneLine(`  release: ${said.release}`)]),
      ...(said?.connected === undefined ? [] : [oneLine(`  connected: ${said.connected} UTC`)]),
    ];
  });

/** How each station is with what is wanted of it now. */
export const lookAtConfigurations = async (
  data: IoTDataPlaneClient,
  stations: readonly string[],
): Promise<StationAnswer[]> => {
  const answers: StationAnswer[] = [];
  for (const station of stations) {
    const shadow = await look(data, station, new AbortController().signal);
    answers.push(answerTo(shadow, shadow.wanted?.id));
  }
  return answers;
};

export type WatchOptions = {
  readonly intervalMs: number;
  /** Ends the watching although a station has not answered. */
  readonly timeoutMs: number;
  readonly nowMs: () => number;
  readonly report: (line: string) => void;
  /** Ends the watching and leaves the stations alone. */
  readonly stop: AbortSignal;
};

/**
 * Reports each station as it goes on with what was sent to it under an id, until all have answered. `null` when it was
 * stopped before.
 */
export const watchConfigurations = async (
  data: IoTDataPlaneClient,
  sent: ReadonlyMap<string, string | undefined>,
  { intervalMs, timeoutMs, nowMs, report, stop }: WatchOptions,
): Promise<StationAnswer[] | null> => {
  const endMs = nowMs() + timeoutMs;
  const answers = new Map<string, StationAnswer>();
  const note = (answer: StationAnswer): void => {
    const before = answers.get(answer.station);
    const line = progressLine(answer);
    if (before === undefined || progressLine(before) !== line) report(line);
    answers.set(answer.station, answer);
  };
  try {
    for (;;) {
      for (const [station, id] of sent) {
        const before = answers.get(station);
        if (before === undefined || !isOver(before)) note(answerTo(await look(data, station, stop), id));
      }
      const all = [...answers.values()];
      if (isAllOver(all) || nowMs() >= endMs) return all;
      await delay(intervalMs, undefined, { signal: stop });
    }
  } catch (error) {
    if (stop.aborted) return null;
    throw error;
  }
};
