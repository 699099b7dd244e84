import { createHash, createPublicKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { dirname, format, join, parse } from 'node:path';
import { z } from 'zod';
import { createCertificateRequest, renewRequest } from '../certificate/certificate-authority.ts';
import {
  type ClaimFolder,
  type ClaimProgress,
  claimFolderOf,
  type Registration,
  readBoardSerial,
  readProgress,
  removeClaim,
  SERIAL,
} from '../certificate/claim-folder.ts';
import { keyPairOf, readPem, renewalsIn } from '../certificate/key-pairs.ts';
import { textLike } from '../config/fields.ts';
import { loadYamlFile } from '../config/load.ts';
import { proxyFor } from '../config/proxy.ts';
import { type GatewayConfig, gatewaySchema } from '../config/schema.ts';
import { formatProblem } from '../config/text-file.ts';
import { editYaml } from '../config/yaml-document.ts';
import { awsConnect } from '../mqtt/aws-connection.ts';
import { Claiming } from '../mqtt/claiming.ts';
import { provisioningClientId } from '../mqtt/fleet-provisioning.ts';
import type { Connect } from '../mqtt/publisher.ts';
import { createFile, replaceFile } from '../store/durable-file.ts';
import { systemClock } from '../time/clock.ts';
import { errorCode, formatError, printable } from '../weather/format.ts';
import { type CommandContext, configured, stateDirectoryOf } from './command.ts';

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
  readPem(file).catch((error: unknown) => {
    throw new ClaimError(`${file} cannot be read (${errorCode(error) || formatError(error)})`);
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
  const read = (file: string): Promise<string> => readPem(file).catch(() => '');
  return keyPairOf(await read(aws.certificate), await read(aws.privateKey), aws.certificate) !== null;
};

/** Where the signing request for a key lies. */
const requestBeside = (keyFile: string): string => {
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
    say: (line) => void context.out.write(`${printable(line)}\n`),
  }).run(context.signal);
};

const isEmpty = async (folder: string): Promise<boolean> => (await readdir(folder)).length === 0;

const endClaim = async (
  folder: ClaimFolder,
  { stationId, name }: Pick<Registration, 'stationId' | 'name'>,
  { out }: CommandContext,
): Promise<number> => {
  await removeClaim(folder);
  out.write(`this card is station ${stationId}, ${printable(name)}; the claim is removed\n`);
  return 0;
};

/** Makes this card the station that its board is listed as, and removes the claim. */
const claimCard = async (
  config: GatewayConfig,
  configFile: string,
  context: CommandContext,
): Promise<number> => {
  const folder = claimFolderOf(dirname(configFile));
  try {
    if (!existsSync(folder.folder)) throw new ClaimError(`there is no claim, no folder ${folder.folder}`);
    const board = await readBoardSerial();
    // A power cut may have taken the claim and left what it was for, or nothing but the folder.
    const known = await readProgress(folder.progress, board);
    if (known === null && (await isEmpty(folder.folder)) && (await hasPair(config))) {
      const { id, name } = config.station;
      return await endClaim(folder, { stationId: id, name }, context);
    }
    const progress = isRegistered(known) ? known : await register(config, folder, board, context);
    await takeOver(progress, config, configFile);
    return await endClaim(folder, progress.registration, context);
  } catch (error) {
    if (context.signal.aborted) return 1;
    if (!(error instanceof ClaimError)) throw error;
    context.err.write(`enroll: ${printable(error.message)}\n`);
    return 1;
  }
};

/** Where a key goes, with the request beside it, and where its certificate is to be brought. */
type Place = { readonly key: string; readonly request: string; readonly certificate: string };

const OWNER_ONLY = 0o600;
const READABLE = 0o644;

/**
 * Makes the key, which is never overwritten, and the request for the key that is there: also where a power cut came between them, or
 * where somebody else made the key meanwhile. `false` where there was nothing to make. A request without its key is not left.
 */
export const writePair = async (
  { key, request, certificate }: Place,
  commonName: string,
  create = createFile,
): Promise<boolean> => {
  let isNew = false;
  if (!existsSync(key)) {
    await unlink(request).catch(ignoreMissing);
    const { privateKey } = await createCertificateRequest(commonName);
    isNew = await create(key, privateKey, { mode: OWNER_ONLY });
  }
  if (existsSync(request) || existsSync(certificate)) return isNew;
  const signingRequest = await readPem(key)
    .then((privateKey) => renewRequest(privateKey, commonName))
    .catch(() => null);
  // A key from elsewhere, or one that this user may not read.
  if (signingRequest === null) return isNew;
  const isRequested = await create(request, signingRequest, { mode: READABLE });
  return isNew || isRequested;
};

const ignoreMissing = (error: unknown): void => {
  if (errorCode(error) !== 'ENOENT') throw error;
};

const firstPlace = ({ aws }: GatewayConfig): Place => ({
  key: aws.privateKey,
  request: requestBeside(aws.privateKey),
  certificate: aws.certificate,
});

/** In the state directory, where the daemon looks for a pair that is newer than the one it uses. */
const renewalPlace = (stateDirectory: string): Place => {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const path = (ext: string): string => join(renewalsIn(stateDirectory), `${stamp}${ext}`);
  return { key: path('.key'), request: path('.csr'), certificate: path('.pem') };
};

/** What root makes there must belong to the user of the daemon. */
const makeRenewals = async (stateDirectory: string): Promise<{ uid: number; gid: number }> => {
  await mkdir(renewalsIn(stateDirectory), { recursive: true, mode: 0o700 });
  const { uid, gid } = await stat(stateDirectory);
  await chown(renewalsIn(stateDirectory), uid, gid).catch(() => undefined);
  return { uid, gid };
};

const policyOf = (topicPrefix: string): string => {
  const thing = `\${iot:Connection.Thing.ThingName}`;
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'iot:Connect', Resource: `arn:aws:iot:*:*:client/${thing}` },
      {
        Effect: 'Allow',
        Action: ['iot:Publish', 'iot:RetainPublish'],
        Resource: `arn:aws:iot:*:*:topic/${topicPrefix}/${thing}/*`,
      },
    ],
  });
};

const nextSteps = (place: Place, { aws, station }: GatewayConfig, isRenewal: boolean): string => {
  const certificate = `${station.id}.pem`;
  const once = [
    `  aws iot create-thing --thing-name ${station.id}`,
    `  aws iot create-policy --policy-name weather-gateway --policy-document '${policyOf(aws.topicPrefix)}'`,
  ];
  return [
    '',
    'Next, where the AWS command line is set up (the request is no secret, the key stays here).',
    `With this project's cloud stack: npm run cloud:enroll -- ${parse(place.request).base} --station NAME`,
    'Otherwise:',
    ...(isRenewal ? [] : once),
    `  ARN=$(aws iot create-certificate-from-csr --set-as-active --query certificateArn --output text \\`,
    `    --certificate-signing-request file://${parse(place.request).base} --certificate-pem-outfile ${certificate})`,
    `  aws iot attach-policy --policy-name weather-gateway --target "$ARN"`,
    `  aws iot attach-thing-principal --thing-name ${station.id} --principal "$ARN"`,
    `and bring ${certificate} to ${place.certificate}.`,
    isRenewal
      ? 'The running daemon tries the new pair within a minute and keeps the old one until the new one works.'
      : 'The running daemon takes it at its next attempt.',
    '',
  ].join('\n');
};

/** By which a person knows that the request at `cloud:enroll` is this station's; empty for what is no key, or may not be read. */
const publicKeyLine = async (keyFile: string): Promise<string> => {
  try {
    const publicKey = createPublicKey(await readPem(keyFile)).export({ type: 'spki', format: 'der' });
    return `SHA-256 of its public key:\n${createHash('sha256').update(publicKey).digest('hex')}\n`;
  } catch {
    return '';
  }
};

const written = async ({ key, request }: Place): Promise<string> =>
  `private key      ${key}\nsigning request  ${request}\n${await publicKeyLine(key)}`;

/** Makes the private key on the device, where it stays, and the request that is signed elsewhere. */
export const command = configured(async (config, args, context) => {
  const { out, err } = context;
  if (args.claim === true)
    return await claimCard(config, args.config ?? context.environment.configPath, context);
  const first = firstPlace(config);
  await mkdir(dirname(first.key), { recursive: true });
  if (await writePair(first, config.station.id)) {
    out.write(await written(first));
    out.write(nextSteps(first, config, false));
    return 0;
  }
  if (args.force !== true) {
    out.write(await publicKeyLine(first.key));
    err.write(`enroll: ${first.key} is there already; --force makes a new key and keeps this one\n`);
    return 1;
  }
  const stateDirectory = stateDirectoryOf(config, context);
  const { uid, gid } = await makeRenewals(stateDirectory);
  const place = renewalPlace(stateDirectory);
  if (!(await writePair(place, config.station.id))) {
    err.write(`enroll: ${place.key} was made within this second; try again\n`);
    return 1;
  }
  await chown(place.key, uid, gid).catch(() => undefined);
  out.write(await written(place));
  out.write(nextSteps(place, config, true));
  return 0;
});
