import { describe, expect, it } from 'vitest';
import { runSuite } from './run-suite.ts';
import type { Suite } from './suites.ts';

const suiteOf = (script: string, needs: readonly string[] = []): Suite => ({
  name: 'made up',
  about: 'a made-up suite',
  command: [process.execPath, '-e', script],
  needs,
});

const runQuietly = (suite: Suite, isGapFailure = false) =>
  runSuite(suite, { isGapFailure, args: ['more'], write: () => undefined });

describe('a suite', () => {
  it('runs with its arguments and passes', async () => {
    const suite = suiteOf('process.exit(process.argv[1] === "more" ? 0 : 1)', ['sh']);

    expect(await runQuietly(suite, true)).toMatchObject({ end: 'passed', tally: { passed: 1, failed: 0 } });
  });

  it.runIf(process.platform === 'linux')(
    'says what processor time it took, in programs of its own as well',
    async () => {
      const busy = 'const end = Date.now() + 400; while (Date.now() < end);';
      const script = `require("node:child_process").spawnSync(process.execPath, ["-e", ${JSON.stringify(busy)}])`;
      const { processorSeconds } = await runQuietly(suiteOf(script));

      expect(processorSeconds).toBeGreaterThan(0.05);
      expect((await runQuietly(suiteOf(''))).processorSeconds).toBeLessThan(processorSeconds + 5);
    },
  );

  it('fails by its exit status', async () => {
    expect(await runQuietly(suiteOf('process.exit(3)'))).toMatchObject({
      end: 'failed',
      tally: { passed: 0, failed: 1 },
    });
  });

  it('says what failed in it, without what passed before', async () => {
    const told = ['✓ passes', '⎯⎯⎯ Failed Tests 1 ⎯⎯⎯', 'FAIL of a test', 'AssertionError: expected 1'];
    const failing = suiteOf(`console.log(${JSON.stringify(told.join('\n'))}); process.exit(1)`);

    expect(await runQuietly(failing)).toMatchObject({ failure: told.slice(1).join('\n') });
    expect(await runQuietly(suiteOf('console.error("no such file"); process.exit(1)'))).toMatchObject({
      failure: 'no such file',
    });
    expect(await runQuietly(suiteOf('console.log("all is well")'))).toMatchObject({ failure: '' });
  });

  it('names each failed test with the first lines of its error, however long one of them is', async () => {
    const told = [
      '⎯⎯⎯ Failed Tests 2 ⎯⎯⎯',
      ' FAIL  test/a.test.ts > one',
      ...['Error: first', ...Array.from({ length: 200 }, (_, index) => `more ${index}`)],
      ' FAIL  test/b.test.ts > two',
      'Error: second',
    ];
    const { failedTests } = await runQuietly(
      suiteOf(`console.log(${JSON.stringify(told.join('\n'))}); process.exit(1)`),
    );

    expect(failedTests).toEqual([
      ' FAIL  test/a.test.ts > one\nError: first\nmore 0\nmore 1\nmore 2',
      ' FAIL  test/b.test.ts > two\nError: second',
    ]);
  });

  it('is left out where a program is missing, which fails where no gap is tolerated', async () => {
    const suite = suiteOf('', ['sh', 'no-such-program']);
    const gaps = ['LEFT OUT: a made-up suite. Not installed: no-such-program'];

    expect(await runQuietly(suite)).toMatchObject({ end: 'left out', gaps, tally: { failed: 0 } });
    expect(await runQuietly(suite, true)).toMatchObject({ end: 'failed', gaps, tally: { failed: 1 } });
  });

  it('says what it left out itself, which fails where no gap is tolerated', async () => {
    const suite = suiteOf('console.log("LEFT OUT: the disks")');

    expect(await runQuietly(suite)).toMatchObject({ end: 'passed', gaps: ['LEFT OUT: the disks'] });
    expect(await runQuietly(suite, true)).toMatchObject({ end: 'failed', tally: { failed: 1 } });
  });
});
