import type { z } from 'zod';
import { type CatalogueEntry, catalogue } from '../instruments/catalogue.ts';
import { createCredentialCheck, createPathResolver } from './credential-files.ts';
import { crossCheck } from './cross-checks.ts';
import type { ConfigProblem } from './problem.ts';
import { type GatewayConfig, gatewaySchemaOf } from './schema.ts';
import { readTextFile } from './text-file.ts';
import { type Validated, type ValidationOptions, validateYaml } from './validate.ts';

export type LoadedConfig =
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
