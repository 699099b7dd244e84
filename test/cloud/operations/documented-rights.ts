import { readFileSync } from 'node:fs';
import { problemsOf } from '../stack/policy-statements.ts';

type DocumentedStatement = { readonly Action: readonly string[]; readonly Resource: readonly string[] };

/** The policy that docs/cloud.md has after a sentence. */
export const documentedRights = (sentence: string): readonly DocumentedStatement[] => {
  const page = readFileSync('docs/cloud.md', 'utf8');
  const [text = ''] = page.slice(page.indexOf(sentence)).match(/(?<=^[^\n]*\n\n```json\n).*?(?=```)/s) ?? [];
  const { Statement: statements }: { Statement: readonly DocumentedStatement[] } = JSON.parse(text);
  return statements;
};

/** What AWS does not grant of them. */
export const problemsOfRights = async (statements: readonly DocumentedStatement[]): Promise<string[]> => {
  const problems = statements.map(({ Action: actions, Resource }) =>
    problemsOf({
      policy: 'operator',
      actions,
      condition: undefined,
      resources: Resource.map((arn) => arn.replace('REGION', 'eu-west-2').replace('ACCOUNT', '111122223333')),
    }),
  );
  return (await Promise.all(problems)).flat();
};

/** The actions that they name, without the service. */
export const actionsOf = (statements: readonly DocumentedStatement[]): string[] =>
  statements.flatMap(({ Action }) => Action.map((action) => action.split(':')[1] ?? '')).toSorted();

/** The commands of AWS that a module of cloud/operations sends. */
export const commandsIn = (name: string): string[] =>
  [...readFileSync(`cloud/operations/${name}.ts`, 'utf8').matchAll(/new (\w+)Command\(/g)].map(
    ([, command = '']) => command,
  );
