import { stat } from 'node:fs/promises';
import type { GatewayConfig } from './schema.ts';

const READABLE_BY_OTHERS = 0o004;

const isReadableByOthers = (file: string): Promise<boolean> =>
  stat(file).then(
    ({ mode }) => (mode & READABLE_BY_OTHERS) !== 0,
    // What is missing or may not be looked at is another check's.
    () => false,
  );

/** Whether the configuration file itself holds a secret: the token of the dashboard, or the password of a proxy. */
const holdsSecret = ({ http, aws }: GatewayConfig): boolean =>
  http.token !== undefined || aws.proxy?.includes('@') === true;

/** The files with a secret in them that every user of this machine can read. */
export const openSecrets = async (config: GatewayConfig, configFile: string): Promise<string[]> => {
  const files = [config.aws.privateKey, ...(holdsSecret(config) ? [configFile] : [])];
  const open = await Promise.all(files.map(isReadableByOthers));
  return files.filter((_, index) => open[index]);
};
