import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { IoTClient } from '@aws-sdk/client-iot';
import { S3Client } from '@aws-sdk/client-s3';
import type { JobDocument } from '../../../src/remote/verbs.ts';
import { formatError } from '../../../src/weather/format.ts';
import { readDeployedStack } from '../deployed-stack.ts';
import { bundlePlace, downloadReports, presignUpload } from '../job-diagnostics.ts';
import { readReleases, updateDocument, uploadReleases } from '../job-releases.ts';
import { describeAnswers, haveFailed, isOver, type JobView, lookAtJobs, watchJobs } from '../job-watching.ts';
import { arnOf, checkDocument, createJob, nameJob, type Rollout, stationsOf, type Target } from '../jobs.ts';
import { describeVersions, rollOut } from '../rollout.ts';
import { openStop, runCommand, say, targetOf, wholeNumber } from './command-line.ts';

const USAGE = `npm run cloud:job -- VERB --station ID|--group NAME [options]   ask one station, or all of a group
npm run cloud:job -- show JOB... [--watch] [--to FOLDER]        how a job is, and what the stations answered

VERB        doctor, diagnostics, restart, reboot, log-level, update
--level     of log-level: debug, info, warn, error
--minutes   of log-level: how long, 1 to 1440 (60)
--watch     prints each station's progress, at the end the answers; Ctrl-C leaves the job alone
--to        of diagnostics: the folder that gets the reports, with --watch or show
--url-hours how long a station has to upload (diagnostics, 24) or to download (update, 168), 1 to 168, and no longer than
            your credentials
--release   of update: the archive, with manifest and signature beside it; once for each architecture
--first     of update for a group: the station that gets it before all others; then a tenth gets it, then the rest
--wait-minutes    of update for a group: how long a wave waits for stations that are away, 1 to 10080 (120)
--per-minute      of a group: how many stations get the job each minute, 1 to 1000 (50)
--abort-percent   of a group: nobody else gets it when so many of those that answered went wrong, 1 to 100 (20) ...
--abort-after     ... and so many have answered (5; in a wave of an update more than half of it)
--timeout-minutes a station that has not finished so long after it began is TIMED_OUT, 1 to 10080 (60; update 900)

update for a group is watched until its end, as each wave begins after the one before. Stopped, the same command goes on with it.

Exit status: 0; 1 a station failed or nothing was sent; 130 Ctrl-C ended the watching`;

const POLL_MS = 5_000;
const MINUTES = '60';
/** Six hours for a download, and five on trial where readings are an hour apart and wait another one to be sent. */
const UPDATE_MINUTES = '900';

type Values = {
  readonly station?: string;
  readonly group?: string;
  readonly level?: string;
  readonly minutes?: string;
  readonly to?: string;
  readonly watch: boolean;
  readonly release?: string[];
  readonly first?: string;
  readonly 'wait-minutes': string;
  readonly 'url-hours'?: string;
  readonly 'per-minute': string;
  readonly 'abort-percent': string;
  readonly 'abort-after': string;
  readonly 'timeout-minutes'?: string;
};

const rolloutOf = (values: Values, timeoutMinutes: string): Rollout => ({
  stationsPerMinute: wholeNumber('per-minute', values['per-minute'], 1_000),
  abortPercent: wholeNumber('abort-percent', values['abort-percent'], 100),
  abortAfterStations: wholeNumber('abort-after', values['abort-after'], 1_000_000),
  timeoutMinutes: wholeNumber('timeout-minutes', values['timeout-minutes'] ?? timeoutMinutes, 10_080),
});

const documentOf = (verb: string, { level, minutes }: Values): JobDocument =>
  checkDocument({
    verb,
    // Stands for the one that is made for each station.
    ...(verb === 'diagnostics' ? { url: 'https://bucket' } : {}),
    ...(level === undefined ? {} : { level }),
    ...(minutes === undefined ? {} : { minutes: Number(minutes) }),
  });

const lookAgain = (jobIds: readonly string[]): string => `npm run cloud:job -- show ${jobIds.join(' ')}`;

/** A job for each station, because a URL is good for one. */
const sendDiagnostics = async (iot: IoTClient, target: Target, values: Values): Promise<string[]> => {
  const rollout = rolloutOf(values, MINUTES);
  const hours = wholeNumber('url-hours', values['url-hours'] ?? '24', 168);
  const stations = await stationsOf(iot, target);
  const { ErrorsBucket } = await readDeployedStack();
  // A checksum would be one of nothing: what the station will put is not known here.
  const s3 = new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED' });
  const ids: string[] = [];
  for (const [index, name] of stations.entries()) {
    // Each has a job of its own, so AWS IoT keeps no rate for them.
    if (index > 0 && index % rollout.stationsPerMinute === 0) await delay(60_000);
    const targetArn = await arnOf(iot, { kind: 'station', name });
    const id = nameJob('diagnostics', new Date());
    const place = bundlePlace(ErrorsBucket, name, id);
    const document = checkDocument({ verb: 'diagnostics', url: await presignUpload(s3, place, hours) });
    await createJob(iot, { id, targets: [targetArn], document }, rollout);
    ids.push(id);
    say(`job ${id} for station ${name}; its answer: s3://${place.Bucket}/${place.Key}`);
  }
  return ids;
};

const send = async (verb: string, values: Values): Promise<string[]> => {
  const target = targetOf(values, USAGE);
  const document = documentOf(verb, values);
  if (values.to !== undefined && (verb !== 'diagnostics' || !values.watch))
    throw new Error('--to belongs to diagnostics --watch, and to show');
  const rollout = rolloutOf(values, MINUTES);
  const iot = new IoTClient();
  if (document.verb === 'diagnostics') return await sendDiagnostics(iot, target, values);
  const targetArn = await arnOf(iot, target);
  const id = nameJob(document.verb, new Date());
  await createJob(iot, { id, targets: [targetArn], document }, rollout);
  say(`job ${id} for ${target.kind} ${target.name}`);
  return [id];
};

/** To one station; or to a group in waves, which are watched: the exit status then. */
const sendUpdate = async (values: Values): Promise<string[] | number> => {
  const target = targetOf(values, USAGE);
  if (values.level !== undefined || values.minutes !== undefined || values.to !== undefined)
    throw new Error(USAGE);
  if (values.first !== undefined && target.kind === 'station') throw new Error('--first belongs to a group');
  const releases = readReleases(values.release ?? []);
  const rollout = rolloutOf(values, UPDATE_MINUTES);
  const hours = wholeNumber('url-hours', values['url-hours'] ?? '168', 168);
  const waitMinutes = wholeNumber('wait-minutes', values['wait-minutes'], 10_080);
  const iot = new IoTClient();
  const targetArn = await arnOf(iot, target);
  const stations = await stationsOf(iot, target);
  const { first = stations[0] ?? '' } = values;
  if (!stations.includes(first)) throw new Error(`the station "${first}" is not in the group`);
  const { ErrorsBucket } = await readDeployedStack();
  const s3 = new S3Client({ responseChecksumValidation: 'WHEN_REQUIRED' });
  await uploadReleases(s3, ErrorsBucket, releases);
  const document = (): Promise<JobDocument> => updateDocument(s3, ErrorsBucket, releases, hours);
  if (target.kind === 'station') {
    const id = nameJob('update', new Date());
    await createJob(iot, { id, targets: [targetArn], document: await document() }, rollout);
    say(`job ${id} for station ${target.name}`);
    return [id];
  }
  const { signal: stop, close } = openStop();
  const plan = { groupArn: targetArn, stations, first, document, rollout, waitMinutes };
  const { problem, jobIds, answers } = await rollOut(iot, plan, {
    intervalMs: POLL_MS,
    report: say,
    stop,
    nowMs: () => Date.now(),
  });
  if (!stop.aborted) close();
  for (const line of describeVersions(stations, answers)) say(line);
  if (problem !== null) say(`the roll-out has stopped: ${problem}`);
  say(`look again: ${lookAgain(jobIds)}`);
  if (stop.aborted) return 130;
  const isBad = answers.some(({ status }) => isOver(status) && status !== 'SUCCEEDED');
  return problem !== null || isBad ? 1 : 0;
};

const watch = async (jobIds: readonly string[]): Promise<JobView[] | null> => {
  const { signal, close } = openStop();
  try {
    const options = { intervalMs: POLL_MS, report: say, stop: signal };
    const views = await watchJobs(new IoTClient(), jobIds, options);
    if (views !== null) close();
    return views;
  } catch (error) {
    throw new Error(`${formatError(error)}\nlook again: ${lookAgain(jobIds)}`);
  }
};

const show = async (jobIds: readonly string[], values: Values): Promise<number> => {
  const views = values.watch ? await watch(jobIds) : await lookAtJobs(new IoTClient(), jobIds);
  if (views === null) {
    say(`the job goes on; look again: ${lookAgain(jobIds)}`);
    return 130;
  }
  for (const line of describeAnswers(views)) say(line);
  if (values.to === undefined) return haveFailed(views) ? 1 : 0;
  const { ErrorsBucket } = await readDeployedStack();
  const isWhole = await downloadReports(new S3Client(), ErrorsBucket, views, {
    folder: values.to,
    report: say,
  });
  return haveFailed(views) || !isWhole ? 1 : 0;
};

await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      station: { type: 'string' },
      group: { type: 'string' },
      level: { type: 'string' },
      minutes: { type: 'string' },
      watch: { type: 'boolean', default: false },
      to: { type: 'string' },
      release: { type: 'string', multiple: true },
      first: { type: 'string' },
      'wait-minutes': { type: 'string', default: '120' },
      'url-hours': { type: 'string' },
      'per-minute': { type: 'string', default: '50' },
      'abort-percent': { type: 'string', default: '20' },
      'abort-after': { type: 'string', default: '5' },
      'timeout-minutes': { type: 'string' },
    },
  });
  const [verb, ...others] = positionals;
  if (verb === undefined) throw new Error(USAGE);
  if (verb === 'show') {
    if (others.length === 0 || values.station !== undefined || values.group !== undefined)
      throw new Error(USAGE);
    return await show(others, values);
  }
  if (others.length > 0) throw new Error(USAGE);
  const isUpdate = verb === 'update';
  if (!isUpdate && (values.release !== undefined || values.first !== undefined))
    throw new Error('--release and --first belong to update');
  const jobIds = isUpdate ? await sendUpdate(values) : await send(verb, values);
  if (typeof jobIds === 'number') return jobIds;
  if (values.watch) return await show(jobIds, values);
  say(`look again: ${lookAgain(jobIds)}`);
  return 0;
});
