import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, format, parse } from 'node:path';
import { createCertificateRequest } from '../certificate/certificate-authority.ts';
import { loadConfig } from '../config/load.ts';
import { BAD_CONFIGURATION, formatProblem } from '../config/problem.ts';
import type { GatewayConfig } from '../config/schema.ts';
import type { Command } from './command.ts';

/** `false` when there is a key already that must not be replaced. */
const writeKey = async (path: string, pem: string, isReplaced: boolean): Promise<boolean> => {
  try {
    const file = await open(path, isReplaced ? 'w' : 'wx', 0o600);
    try {
      // The mode above counts for new files only; a replaced one may have been open to others.
      await file.chmod(0o600);
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

const requestPathFor = (keyPath: string): string => {
  const { dir, name } = parse(keyPath);
  return format({ dir, name, ext: '.csr' });
};

const nextSteps = (request: string, { aws, station }: GatewayConfig): string =>
  [
    '',
    'Next, where the AWS command line is set up (the request is no secret, the key stays here):',
    `  aws iot create-certificate-from-csr --set-as-active --certificate-signing-request file://${request} \\`,
    `    --certificate-pem-outfile ${parse(aws.certificate).base}`,
    `  aws iot attach-thing-principal --thing-name ${station.id} --principal CERTIFICATE_ARN`,
    `and bring the certificate to ${aws.certificate}.`,
    '',
  ].join('\n');

/** Makes the private key on the device, where it stays, and the request that is signed elsewhere. */
export const command: Command = async (args, { environment, out, err }) => {
  const file = args.config ?? environment.configPath;
  const { config, problems } = await loadConfig(file, environment);
  if (config === undefined) {
    err.write(`${problems.map(formatProblem).join('\n')}\n`);
    return BAD_CONFIGURATION;
  }
  const keyPath = config.aws.privateKey;
  const requestPath = requestPathFor(keyPath);
  const { privateKey, signingRequest } = await createCertificateRequest(config.station.id);
  await mkdir(dirname(keyPath), { recursive: true });
  if (!(await writeKey(keyPath, privateKey, args.force === true))) {
    err.write(`enroll: ${keyPath} is there already; --force replaces it, and its certificate with it\n`);
    return 1;
  }
  await writeFile(requestPath, signingRequest);
  out.write(
    `private key      ${keyPath}\nsigning request  ${requestPath}\n${nextSteps(requestPath, config)}`,
  );
  return 0;
};
