import { readFileSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type CatalogueEntry, catalogue } from '../instruments/catalogue.ts';
import { errorCode } from '../weather/format.ts';
import { crossCheck } from './cross-checks.ts';
import { type GatewayConfig, gatewaySchemaOf } from './schema.ts';
import { type ConfigProblem, otherKindOf, readTextFile } from './text-file.ts';
import { type CrossProblem, type Validated, type ValidationOptions, validateYaml } from './validate.ts';

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
const createPathResolver = (
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

const FAILURES: Readonly<Record<string, string>> = { ENOENT: 'no such file', ENOTDIR: 'no such file' };

/** Why the file cannot serve, or `null`. What only the daemon may read is taken for good. */
const complaint = (path: string, label: string): string | null => {
  try {
    const kind = otherKindOf(statSync(path));
    if (kind !== null) return kind;
    return readFileSync(path, 'utf8').includes(`${label}-----`) ? null : `no PEM ${label}`;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EACCES') return null;
    return FAILURES[code] ?? `a file that cannot be read (${code})`;
  }
};

/** Checks that key and certificates are in place. */
const createCredentialCheck =
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

type LoadedConfig =
  | { readonly config: GatewayConfig; readonly problems?: undefined }
  | { readonly config?: undefined; readonly problems: readonly ConfigProblem[] };

/** Reads and checks any YAML file against a schema; its absence is a problem like those in it. */
export const loadYamlFile = async <S extends z.ZodType>(
  file: string,
  options: Omit<ValidationOptions<S>, 'file' | 'text'> & { readonly allowed: string },
): Promise<Validated<z.output<S>>> => {
  const { text, problem } = await readTextFile(file, options.allowed);
  if (problem !== undefined) return { problems: [problem] };
  return validateYaml({ ...options, file, text });
};

export type LoadOptions = {
  /** $CREDENTIALS_DIRECTORY. */
  readonly credentialsDirectory?: string | undefined;
  /** Whether key and certificates have to be in place already. */
  readonly areCredentialsExpected?: boolean;
  /** The instruments that the configuration may list. */
  readonly instruments?: readonly CatalogueEntry[];
};

/** The configuration with its defaults and with every path absolute, or every problem of the file. */
export const loadConfig = async (file: string, options: LoadOptions = {}): Promise<LoadedConfig> => {
  const { instruments = catalogue } = options;
  const resolve = createPathResolver(file, options.credentialsDirectory);
  const checkCredentials =
    options.areCredentialsExpected === true ? createCredentialCheck(resolve) : () => [];
  const { value, problems } = await loadYamlFile(file, {
    schema: gatewaySchemaOf(instruments),
    crossCheck: (data) => [...crossCheck(data, instruments), ...checkCredentials(data)],
    allowed: 'a configuration such as config/gateway.yaml (--config FILE names another)',
  });
  if (value === undefined) return { problems };
  return { config: withAbsolutePaths(file, value, options.credentialsDirectory) };
};

/** A configuration of this file whose paths lead where they do for this process. */
export const withAbsolutePaths = (
  file: string,
  config: GatewayConfig,
  credentialsDirectory: string | undefined,
): GatewayConfig => {
  const resolve = createPathResolver(file, credentialsDirectory);
  const { rootCa, ...aws } = config.aws;
  return {
    ...config,
    aws: {
      ...aws,
      certificate: resolve(aws.certificate),
      privateKey: resolve(aws.privateKey),
      ...(rootCa === undefined ? {} : { rootCa: resolve(rootCa) }),
    },
  };
};
