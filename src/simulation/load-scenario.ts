import { loadYamlFile } from '../config/load.ts';
import type { ConfigProblem } from '../config/problem.ts';
import { catalogue, instrumentsIn } from '../instruments/catalogue.ts';
import { MAX_SEED, ordinaryScenario, type Scenario, scenarioSchemaOf } from './scenario.ts';

export type LoadedScenario =
  | { readonly scenario: Scenario; readonly problems?: undefined }
  | { readonly scenario?: undefined; readonly problems: readonly ConfigProblem[] };

export type ScenarioArguments = {
  /** A scenario file; ordinary weather without. */
  readonly scenario?: string | undefined;
  /** Goes before the seed of the file. */
  readonly seed?: string | undefined;
};

const seedProblem = (seed: string): ConfigProblem => ({
  file: '--seed',
  line: null,
  column: null,
  key: '',
  found: JSON.stringify(seed),
  allowed: `a whole number from 0 to ${MAX_SEED}`,
});

/** What `--scenario` and `--seed` ask for, or every problem of both. */
export const loadScenario = async ({ scenario: file, seed }: ScenarioArguments): Promise<LoadedScenario> => {
  const isSeedGood = seed === undefined || (/^\d{1,10}$/.test(seed) && Number(seed) <= MAX_SEED);
  const seedProblems = isSeedGood ? [] : [seedProblem(seed)];
  const chips = instrumentsIn(catalogue).flatMap(({ chip }) => chip ?? []);
  const allowed = 'a scenario such as config/scenarios/storm.yaml';
  const loaded =
    file === undefined
      ? { value: ordinaryScenario }
      : await loadYamlFile(file, { schema: scenarioSchemaOf(chips), allowed });
  if (loaded.value === undefined) return { problems: [...loaded.problems, ...seedProblems] };
  if (!isSeedGood) return { problems: seedProblems };
  return { scenario: seed === undefined ? loaded.value : { ...loaded.value, seed: Number(seed) } };
};
