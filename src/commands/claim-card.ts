import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, format, parse } from 'node:path';
import { z } from 'zod';
import {
  type ClaimFolder,
  type ClaimProgress,
  claimFolderOf,
  isThere,
  type Registration,
  readBoardSerial,
  readProgress,
  removeClaim,
  SERIAL,
} from '../certificate/claim-folder.ts';
import { replaceFile } from '../certificate/durable-file.ts';
import { keyPairOf } from '../certificate/key-pairs.ts';
import { textLike } from '../config/fields.ts';
import { loadYamlFile } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { proxyFor } from '../config/proxy.ts';
import { type GatewayConfig, gatewaySchema } from '../config/schema.ts';
import { editYaml } from '../config/yaml-document.ts';
import { awsConnect } from '../mqtt/aws-connection.ts';
import { Claiming } from '../mqtt/claiming.ts';
import type { Connect } from '../mqtt/connection.ts';
import { provisioningClientId } from '../mqtt/fleet-provisioning.ts';
import { systemClock } from '../time/clock.ts';
import { printable } from '../weather/format.ts';
import type { CommandContext } from './command.ts';

const settingsSchema = z.strictObject({
  endpoint: gatewaySchema.shape.aws.shape.endpoint,
  template: gatewaySchema.shape.aws.shape.provisioningTemplate.unwrap(),
  serialNumber: textLike(SERIAL, '4 to 64 small letters, digits, ., _ or -').exactOptional(),
});

type Settings = z.output<typeof settingsSchema>;
type Registered = ClaimProgress & { readonly registration: Registration };

/** Something that a person has to put right, in one line. */
class ClaimError extends Error {}

const textOf = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch(({ code }: NodeJS.ErrnoException) => {
    throw new ClaimError(`${file} cannot be read (${code})`);
  });

const readSettings = async ({ settings }: ClaimFolder): Promise<Settings> => {
  const { value, problems = [] } = await loadYamlFile(settings, {
    schema: settingsSchema,
    crossCheck: () => [],
    allowed: 'the endpoint and the template of the claim, as npm run cloud:claim writes it',
  });
  if (value === undefined) throw new ClaimError(problems.map(formatProblem).join('\n'));
  return value;
};

/** Reads the claim and what to trust at each attempt, so that it can be replaced. */
const connectWithClaim =
  (folder: ClaimFolder, endpoint: string, { aws }: GatewayConfig, { environment }: CommandContext): Connect =>
  async (signal) => {
    const [certificate, privateKey] = [await textOf(folder.certificate), await textOf(folder.privateKey)];
    if (keyPairOf(certificate, privateKey, '') === null)
      throw new ClaimError(`${folder.certificate} and ${folder.privateKey} do not belong together`);
    const connect = awsConnect({
      endpoint,
      port: aws.port,
      clientId: provisioningClientId(certificate),
      certificate,
      privateKey,
      rootCa: aws.rootCa === undefined ? undefined : await textOf(aws.rootCa),
      keepAliveSeconds: aws.keepAliveSeconds,
      proxy: proxyFor(endpoint, aws.proxy, environment.proxy),
    });
    return await connect(signal);
  };

const hasPair = async ({ aws }: GatewayConfig): Promise<boolean> => {
  const read = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
  return keyPairOf(await read(aws.certificate), await read(aws.privateKey), aws.certificate) !== null;
};

/** Where the signing request for a key lies. */
export const requestBeside = (keyFile: string): string => {
  const { dir, name } = parse(keyFile);
  return format({ dir, name, ext: '.csr' });
};

/** Owner and mode of the configuration stay: it may hold the token of the dashboard. */
const nameStation = async (configFile: string, registration: Registration): Promise<void> => {
  const { stationId, name, endpoint, topicPrefix, template } = registration;
  const before = await stat(configFile);
  const text = editYaml(await readFile(configFile, 'utf8'), [
    { path: ['station', 'id'], value: stationId },
    { path: ['station', 'name'], value: name },
    { path: ['aws', 'endpoint'], value: endpoint },
    { path: ['aws', 'provisioningTemplate'], value: template },
    ...(topicPrefix === undefined ? [] : [{ path: ['aws', 'topicPrefix'], value: topicPrefix }]),
  ]);
  await replaceFile(configFile, text, before);
};

/** Each step can be done again: what was not finished is, at the next start. */
const takeOver = async (progress: Registered, config: GatewayConfig, configFile: string): Promise<void> => {
  const { registration, issued, privateKey, signingRequest } = progress;
  await nameStation(configFile, registration);
  await mkdir(dirname(config.aws.privateKey), { recursive: true });
  await replaceFile(config.aws.privateKey, privateKey, { mode: 0o600 });
  await replaceFile(requestBeside(config.aws.privateKey), signingRequest, { mode: 0o644 });
  await replaceFile(config.aws.certificate, issued?.certificate ?? '', { mode: 0o644 });
};

const isRegistered = (progress: ClaimProgress | null): progress is Registered =>
  progress?.registration !== undefined;

const register = async (
  config: GatewayConfig,
  folder: ClaimFolder,
  board: string | null,
  context: CommandContext,
): Promise<Registered> => {
  if (await hasPair(config))
    throw new ClaimError(
      `${config.aws.certificate} is the certificate of a station already; remove ${folder.folder}, or that certificate for a new one`,
    );
  const { endpoint, template, serialNumber } = await readSettings(folder);
  const serial = board ?? serialNumber;
  if (serial === undefined)
    throw new ClaimError(`this board has no serial number: ${folder.settings} needs a serialNumber`);
  return await new Claiming({
    serial,
    progressFile: folder.progress,
    connect: connectWithClaim(folder, endpoint, config, context),
    endpoint,
    template,
    clock: systemClock,
    random: Math.random,
    say: (line) => void context.out.write(`${line}\n`),
  }).run(context.signal);
};

/** Makes this card the station that its board is listed as, and removes the claim. */
export const claimCard = async (
  config: GatewayConfig,
  configFile: string,
  context: CommandContext,
): Promise<number> => {
  const folder = claimFolderOf(dirname(configFile));
  try {
    if (!(await isThere(folder.folder)))
      throw new ClaimError(`there is no claim, no folder ${folder.folder}`);
    const board = await readBoardSerial();
    // A power cut may have taken the claim and left what it was for.
    const known = await readProgress(folder.progress, board);
    const progress = isRegistered(known) ? known : await register(config, folder, board, context);
    await takeOver(progress, config, configFile);
    await removeClaim(folder);
    const { stationId, name } = progress.registration;
    context.out.write(`this card is station ${stationId}, ${printable(name)}; the claim is removed\n`);
    return 0;
  } catch (error) {
    if (context.signal.aborted) return 1;
    if (!(error instanceof ClaimError)) throw error;
    context.err.write(`enroll: ${error.message}\n`);
    return 1;
  }
};
