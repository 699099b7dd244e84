import { chown, mkdir, open, stat, writeFile } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { createCertificateRequest } from '../certificate/certificate-authority.ts';
import { renewalsIn } from '../certificate/key-pairs.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { claimCard, requestBeside } from './claim-card.ts';
import { configured, stateDirectoryOf } from './command.ts';

/** Where a key goes, with the request beside it, and where its certificate is to be brought. */
type Place = { readonly key: string; readonly request: string; readonly certificate: string };

const OWNER_ONLY = 0o600;

/** `false` when there is a key already: none is ever overwritten. */
const writeKey = async (path: string, pem: string): Promise<boolean> => {
  try {
    const file = await open(path, 'wx', OWNER_ONLY);
    try {
      await file.writeFile(pem);
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
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

/** Makes the private key on the device, where it stays, and the request that is signed elsewhere. */
export const command = configured(async (config, args, context) => {
  const { out, err } = context;
  if (args.claim === true)
    return await claimCard(config, args.config ?? context.environment.configPath, context);
  const { privateKey, signingRequest } = await createCertificateRequest(config.station.id);
  const first = firstPlace(config);
  await mkdir(dirname(first.key), { recursive: true });
  if (await writeKey(first.key, privateKey)) {
    await writeFile(first.request, signingRequest);
    out.write(`private key      ${first.key}\nsigning request  ${first.request}\n`);
    out.write(nextSteps(first, config, false));
    return 0;
  }
  if (args.force !== true) {
    err.write(`enroll: ${first.key} is there already; --force makes a new key and keeps this one\n`);
    return 1;
  }
  const stateDirectory = stateDirectoryOf(config, context);
  const { uid, gid } = await makeRenewals(stateDirectory);
  const place = renewalPlace(stateDirectory);
  if (!(await writeKey(place.key, privateKey))) {
    err.write(`enroll: ${place.key} was made within this second; try again\n`);
    return 1;
  }
  await chown(place.key, uid, gid).catch(() => undefined);
  await writeFile(place.request, signingRequest);
  out.write(`private key      ${place.key}\nsigning request  ${place.request}\n`);
  out.write(nextSteps(place, config, true));
  return 0;
});
