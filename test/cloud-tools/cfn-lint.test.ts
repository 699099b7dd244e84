import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { profiles } from '../../cloud/stack/profiles.ts';
import { synthesize } from '../cloud/stack/synthesis.ts';
import { installPythonTools } from './python-tools.ts';

/** Warnings that stay, each with its reason. Any other finding, of whatever level, fails. */
const ACCEPTED: Readonly<Record<string, string>> = {
  W3005: 'CDK names dependencies that a reference enforces as well; saying so twice changes nothing.',
  W8003:
    'The rule JarNotBuilt is meant to be false: it keeps a template without the Flink job from being deployed.',
};

const folder = mkdtempSync(join(tmpdir(), 'cfn-lint-'));
let bin = '';
beforeAll(() => {
  bin = installPythonTools();
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

it.each(Object.keys(profiles))('cfn-lint finds nothing in the profile %s', (profile) => {
  const file = join(folder, `${profile}.json`);
  const settings = { profile, alertEmail: 'a@example.org', operatorEmail: 'o@example.org' };
  writeFileSync(file, JSON.stringify(synthesize(settings).template.toJSON()));

  const { stdout, error } = spawnSync(join(bin, 'cfn-lint'), ['--format', 'json', file], {
    encoding: 'utf8',
  });

  if (error) throw error;
  const findings = JSON.parse(stdout) as { Rule: { Id: string }; Message: string }[];
  expect(findings.filter(({ Rule }) => !Object.hasOwn(ACCEPTED, Rule.Id))).toEqual([]);
});
