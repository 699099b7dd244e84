import process from 'node:process';
import { parseArgs } from 'node:util';
import { IoTClient } from '@aws-sdk/client-iot';
import { IoTDataPlaneClient } from '@aws-sdk/client-iot-data-plane';
import { BAD_CONFIGURATION, formatProblem } from '../../../src/config/text-file.ts';
import { formatError } from '../../../src/weather/format.ts';
import {
  describeConfigurations,
  haveFailed,
  isAllOver,
  lookAtConfigurations,
  readRemoteValues,
  sendConfiguration,
  watchConfigurations,
} from '../configuring.ts';
import { arnOf, nameByTime, stationsOf, type Target } from '../jobs.ts';
import { openStop, runCommand, say, targetOf, wholeNumber } from './command-line.ts';

const USAGE = `npm run cloud:configure -- --station ID|--group NAME FILE [--watch]    change the configuration of one station, or of a group
npm run cloud:configure -- --station ID|--group NAME --clear [--watch] the file of the station alone is in force again
npm run cloud:configure -- --station ID|--group NAME --show [--watch]  what is wanted and in force; sends nothing

FILE        YAML: reporting, corrections of sensors, quality, preAlerts, log, as in a gateway.yaml. It takes the place of all
            that came from afar before: what it does not name is again what the file of the station says
--watch     prints each station's progress, at the end what is in force; Ctrl-C leaves the stations alone
--per-minute      of a group: how many stations get it each minute, 1 to 1000 (50)
--timeout-minutes with --watch: how long to wait for answers, 1 to 10080 (120). A good configuration is kept 15 minutes after the
                  restart; one that fails goes after an hour and twice its intervals

Exit status: 0; 1 a station has a problem with it, has not answered in time, or nothing was sent; 78 FILE has a problem;
130 Ctrl-C ended the watching`;

const MIN_POLL_MS = 10_000;
/** For a large group, at most ten questions a second. */
const POLL_MS_PER_STATION = 100;

const lookAgain = ({ kind, name }: Target): string =>
  `look again: npm run cloud:configure -- --${kind} ${name} --show`;

/** What was sent to each station, under which id. */
type Sent = { readonly target: Target; readonly ids: ReadonlyMap<string, string | undefined> };

const watch = async (
  data: IoTDataPlaneClient,
  { target, ids }: Sent,
  timeoutMinutes: number,
): Promise<number> => {
  const { signal: stop, close } = openStop();
  const answers = await watchConfigurations(data, ids, {
    intervalMs: Math.max(MIN_POLL_MS, ids.size * POLL_MS_PER_STATION),
    timeoutMs: timeoutMinutes * 60_000,
    nowMs: () => Date.now(),
    report: say,
    stop,
  }).catch((error: unknown) => {
    throw new Error(`${formatError(error)}\n${lookAgain(target)}`);
  });
  if (answers === null) {
    say(`the stations go on; ${lookAgain(target)}`);
    return 130;
  }
  close();
  for (const line of describeConfigurations(answers)) say(line);
  if (isAllOver(answers)) return haveFailed(answers) ? 1 : 0;
  say(`not all have answered within ${timeoutMinutes} minutes; ${lookAgain(target)}`);
  return 1;
};

/** What FILE has; nothing for `--clear`; `null` where something is wrong with it, which is said. */
const valuesOf = async (file: string | undefined) => {
  if (file === undefined) return {};
  const { value, problems } = await readRemoteValues(file);
  if (problems === undefined) return value;
  process.stderr.write(`${problems.map(formatProblem).join('\n')}\n`);
  return null;
};

await runCommand(USAGE, async () => {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      station: { type: 'string' },
      group: { type: 'string' },
      watch: { type: 'boolean', default: false },
      clear: { type: 'boolean', default: false },
      show: { type: 'boolean', default: false },
      'per-minute': { type: 'string', default: '50' },
      'timeout-minutes': { type: 'string', default: '120' },
    },
  });
  const target = targetOf(options, USAGE);
  const [file] = positionals;
  if (positionals.length + Number(options.clear) + Number(options.show) !== 1) throw new Error(USAGE);
  const pauseMs = 60_000 / wholeNumber('per-minute', options['per-minute'], 1_000);
  const timeoutMinutes = wholeNumber('timeout-minutes', options['timeout-minutes'], 10_080);
  const values = await valuesOf(file);
  if (values === null) return BAD_CONFIGURATION;

  const iot = new IoTClient();
  const data = new IoTDataPlaneClient();
  await arnOf(iot, target);
  const stations = await stationsOf(iot, target);
  if (options.show) {
    const answers = await lookAtConfigurations(data, stations);
    const ids = new Map(answers.map(({ station, wanted }) => [station, wanted?.id]));
    if (options.watch) return await watch(data, { target, ids }, timeoutMinutes);
    for (const line of describeConfigurations(answers)) say(line);
    return haveFailed(answers) ? 1 : 0;
  }
  const id = nameByTime(new Date());
  await sendConfiguration(data, stations, { id, values }, { pauseMs, report: say });
  const ids = new Map(stations.map((station) => [station, id]));
  if (options.watch) return await watch(data, { target, ids }, timeoutMinutes);
  say(lookAgain(target));
  return 0;
});
