import { type ProfileName, profiles } from '../stack/profiles.ts';

export type DeployingProps = {
  /** As given to `cdk deploy`. */
  readonly args: readonly string[];
  /** In `cloud/`; throws when the command fails. */
  readonly run: (command: string, args: readonly string[]) => void;
  readonly isPresent: (command: string) => boolean;
  readonly isJarBuilt: boolean;
  readonly report: (line: string) => void;
};

const isProfile = (name: string): name is ProfileName => Object.hasOwn(profiles, name);

/** Whether these settings deploy a Flink job that Maven has to build; a wrong setting is left to `cdk` to refuse. */
const needsJar = (args: readonly string[]): boolean => {
  const setting = (key: string): string | undefined =>
    args.findLast((arg) => arg.startsWith(`${key}=`))?.slice(key.length + 1);
  if (setting('analyticsJar') !== undefined) return false;
  const analytics = setting('analytics');
  if (analytics !== undefined) return analytics !== 'false';
  const profile = setting('profile') ?? 'standard';
  return !isProfile(profile) || profiles[profile].analytics;
};

/** `cdk deploy` with a Flink job that is as new as its sources: Maven looks at them. */
export const deploy = ({ args, run, isPresent, isJarBuilt, report }: DeployingProps): void => {
  if (needsJar(args)) {
    if (isPresent('mvn')) run('mvn', ['-q', '-f', 'analytics', 'package', '-DskipTests']);
    else if (isJarBuilt) report('Maven is not here: the Flink job is deployed as it was built');
    else
      throw new Error(
        'the Flink job has to be built first: install Java 17 and Maven, or use -c profile=archive',
      );
  }
  run('npx', ['cdk', 'deploy', ...args]);
};
