import { stripVTControlCharacters } from 'node:util';

export type Tally = { readonly passed: number; readonly failed: number };

const VITEST = /^ *Tests {2}(?:(?<failed>\d+) failed)?(?: \| )?(?:(?<passed>\d+) passed)?.*\(\d+\)$/gm;
/** Surefire's sum; those of each class name it at the end. */
const SUREFIRE =
  /Tests run: (?<run>\d+), Failures: (?<failures>\d+), Errors: (?<errors>\d+), Skipped: \d+$/gm;

const sumOf = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((sum, { passed }) => sum + passed, 0),
  failed: tallies.reduce((sum, { failed }) => sum + failed, 0),
});

/**
 * Tests that a suite counted in its output. A suite that counts none is a test itself, and one that failed has a failed
 * test at least.
 */
export const tallyOf = (output: string, hasPassed: boolean): Tally => {
  const text = stripVTControlCharacters(output);
  const number = (digits: string | undefined): number => Number(digits ?? 0);
  const counted = sumOf([
    ...[...text.matchAll(VITEST)].map(({ groups }) => ({
      passed: number(groups?.['passed']),
      failed: number(groups?.['failed']),
    })),
    ...[...text.matchAll(SUREFIRE)].slice(-1).map(({ groups }) => {
      const failed = number(groups?.['failures']) + number(groups?.['errors']);
      return { passed: number(groups?.['run']) - failed, failed };
    }),
  ]);
  if (!hasPassed) return { passed: counted.passed, failed: Math.max(1, counted.failed) };
  return counted.passed + counted.failed === 0 ? { passed: 1, failed: 0 } : counted;
};

export const totalOf = sumOf;
