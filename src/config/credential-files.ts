import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { GatewayConfig } from './schema.ts';
import type { CrossProblem } from './validate.ts';

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

const CREDENTIAL = 'credential:';

/**
 * Gives where a path of the configuration leads. `credential:NAME` is a credential of the systemd unit; outside the
 * unit, for commands such as `doctor`, it is the file NAME beside the configuration, where the unit takes it from.
 */
export const createPathResolver = (
  configFile: string,
  credentialsDirectory: string | undefined,
): ((path: string) => string) => {
  const directory = credentialsDirectory ?? dirname(configFile);
  return (path) => (path.startsWith(CREDENTIAL) ? join(directory, path.slice(CREDENTIAL.length)) : path);
};

const paths = z.object({
  aws: z.looseObject({
    certificate: z.string().optional().catch(undefined),
    privateKey: z.string().optional().catch(undefined),
    rootCa: z.string().optional().catch(undefined),
  }),
});

const EXPECTED = [
  { key: 'certificate', label: 'CERTIFICATE', origin: ', issued for the request that enroll makes' },
  { key: 'privateKey', label: 'PRIVATE KEY', origin: ', made by weather-gateway enroll' },
  { key: 'rootCa', label: 'CERTIFICATE', origin: '' },
] as const;

const FAILURES: Readonly<Record<string, string>> = { ENOENT: 'no such file', EISDIR: 'a directory' };

/** Why the file cannot serve, or `null`. What only the daemon may read is taken for good. */
const complaint = (path: string, label: string): string | null => {
  try {
    return readFileSync(path, 'utf8').includes(`${label}-----`) ? null : `no PEM ${label}`;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EACCES') return null;
    return FAILURES[code] ?? `a file that cannot be read (${code})`;
  }
};

/** Checks that key and certificates are in place. */
export const createCredentialCheck =
  (resolve: (path: string) => string) =>
  (value: unknown): CrossProblem[] => {
    const { data } = paths.safeParse(value);
    return EXPECTED.flatMap(({ key, label, origin }): CrossProblem[] => {
      const path = data?.aws[key];
      const found = path === undefined ? null : complaint(resolve(path), label);
      return found === null || path === undefined
        ? []
        : [
            {
              path: ['aws', key],
              found: `${found} at ${resolve(path)}`,
              allowed: `a PEM file with a ${label}${origin}`,
            },
          ];
    });
  };
