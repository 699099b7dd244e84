import { costOf, formatDollars, profileTable, totalOf } from '../stack/cost.ts';
import { type ProfileName, profileNames, profiles } from '../stack/profiles.ts';

type DeployingProps = {
  /** As given to `cdk deploy`. */
  readonly args: readonly string[];
  /** In `cloud/`; throws when the command fails. */
  readonly run: (command: string, args: readonly string[]) => void;
  readonly isPresent: (command: string) => boolean;
  readonly isJarBuilt: boolean;
  /** `undefined` without a terminal: then there is nobody to ask. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly report: (line: string) => void;
};

const isProfile = (name: string): name is ProfileName => Object.hasOwn(profiles, name);

/** The last `-c KEY=VALUE`, in any of the forms that `cdk` takes. */
const settingOf = (args: readonly string[], key: string): string | undefined =>
  args
    .map((arg) => arg.replace(/^(--context=?|-c=?)/, ''))
    .findLast((arg) => arg.startsWith(`${key}=`))
    ?.slice(key.length + 1);

/** A number of the settings, or its default; a wrong one is left to `cdk` to refuse. */
const numberOf = (args: readonly string[], key: string, defaultValue: number): number => {
  const value = Number(settingOf(args, key) ?? defaultValue);
  return Number.isInteger(value) && value >= 1 ? value : defaultValue;
};

/** What there is to choose from, and what each costs for the stations that were named. */
const explainProfiles = (args: readonly string[]): string => {
  const stations = numberOf(args, 'stations', 5);
  const intervalSeconds = numberOf(args, 'intervalSeconds', 12);
  const about = profileNames.map((name) => {
    const { sendSeconds } = profiles[name];
    const dollars = totalOf(costOf({ stations, intervalSeconds, sendSeconds }, profiles[name]));
    return `  ${name.padEnd(12)}${formatDollars(dollars).padStart(9)}   ${profiles[name].about}`;
  });
  return [
    `What it may be, with dollars a month for ${stations} station(s), a reading every ${intervalSeconds} s (docs/cloud.md, Cost):`,
    ...about,
    '',
    profileTable(profiles, [1, 1000, 1_000_000], intervalSeconds),
  ].join('\n');
};

/** Nobody shall find out from a bill which profile was deployed: it is named, or chosen here. */
const chooseProfile = async ({ args, ask, report }: DeployingProps): Promise<readonly string[]> => {
  if (settingOf(args, 'profile') !== undefined) return args;
  if (!ask)
    throw new Error(`name a profile: -c profile=${profileNames.join('|')} (lake costs an amateur least)`);
  report(explainProfiles(args));
  const answer = (await ask('Which one? [lake] ')).trim() || 'lake';
  if (!isProfile(answer)) throw new Error(`there is no profile ${answer}; nothing was deployed`);
  return [...args, '-c', `profile=${answer}`];
};

/** Whether these settings deploy a Flink job that Maven has to build; a wrong setting is left to `cdk` to refuse. */
const needsJar = (args: readonly string[]): boolean => {
  if (settingOf(args, 'analyticsJar') !== undefined) return false;
  const analytics = settingOf(args, 'analytics');
  if (analytics !== undefined) return analytics !== 'false';
  const profile = settingOf(args, 'profile') ?? '';
  return !isProfile(profile) || profiles[profile].analytics;
};

/** `cdk deploy` with a Flink job that is as new as its sources: Maven looks at them. */
export const deploy = async (props: DeployingProps): Promise<void> => {
  const { run, isPresent, isJarBuilt, report } = props;
  const args = await chooseProfile(props);
  if (needsJar(args)) {
    if (isPresent('mvn')) run('mvn', ['-q', '-f', 'analytics', 'package', '-DskipTests']);
    else if (isJarBuilt) report('Maven is not here: the Flink job is deployed as it was built');
    else
      throw new Error(
        'the Flink job has to be built first: install Java 17 and Maven, or use -c profile=lake',
      );
  }
  run('npx', ['cdk', 'deploy', ...args]);
};
