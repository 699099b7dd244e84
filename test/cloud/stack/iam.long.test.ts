import { describe, expect, it } from 'vitest';
import { profiles } from '../../../cloud/stack/profiles.ts';
import { problemsOf, type Statement, statementsOf } from './policy-statements.ts';
import { synthesize } from './synthesis.ts';

const statement = (actions: string[], resources: string[]): Statement => ({
  policy: 'Policy',
  actions,
  resources,
  condition: undefined,
});
const WORKGROUP = 'arn:aws:redshift-serverless:us-east-1:111122223333:workgroup/weather';

describe('the comparison with the service authorization data', () => {
  it('finds an action without a resource type that is granted on an ARN', async () => {
    expect(await problemsOf(statement(['redshift-serverless:ListUsageLimits'], [WORKGROUP]))).toEqual([
      'Policy: redshift-serverless:ListUsageLimits has no resource type and needs *',
      `Policy: no action takes ${WORKGROUP}`,
    ]);
  });

  it('finds an action that AWS does not have, and an ARN of another type', async () => {
    expect(await problemsOf(statement(['s3:GetObjekt'], ['arn:aws:s3:::bucket/*']))).toContain(
      'Policy: s3:GetObjekt does not exist',
    );
    expect(await problemsOf(statement(['s3:GetObject'], ['arn:aws:s3:::bucket']))).toContain(
      'Policy: s3:GetObject takes none of arn:aws:s3:::bucket',
    );
  });
});

describe.each(Object.keys(profiles))('the policies of the profile %s', (profile) => {
  it('grant what AWS can grant, each action on resources of its own types', async () => {
    const statements = statementsOf(synthesize({ profile }).template);

    expect(statements.length).toBeGreaterThan(10);
    expect((await Promise.all(statements.map(problemsOf))).flat()).toEqual([]);
    // A pattern of actions would grant what nobody looked at.
    expect(statements.flatMap(({ actions }) => actions.filter((action) => action.includes('*')))).toEqual([]);
  });
});
