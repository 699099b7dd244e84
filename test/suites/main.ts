// `tsx test/suites/main.ts [--no-gaps] [NAME...] [-- ARGUMENT...]`: all suites, or those named; the arguments go to the last.
import process from 'node:process';
import { runSuite, type SuiteResult } from './run-suite.ts';
import { allSuites, first, lanes, type Suite } from './suites.ts';
import { totalOf } from './tally.ts';

const words = process.argv.slice(2);
const ownWords = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
const suiteArgs = words.slice(ownWords.length + 1);
const isGapFailure = ownWords.includes('--no-gaps');
const names = ownWords.filter((word) => word !== '--no-gaps');

const unknown = names.filter((name) => !allSuites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no such suite: ${unknown.join(', ')}; there are ${allSuites.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(1);
}
const isChosen = ({ name }: Suite): boolean => names.length === 0 || names.includes(name);

const write = (text: string): void => {
  process.stdout.write(text);
};

const run = (suite: Suite, writeOutput: (text: string) => void): Promise<SuiteResult> => {
  writeOutput(`\n== ${suite.name}: ${suite.about}\n`);
  return runSuite(suite, {
    isGapFailure,
    args: suite.name === names.at(-1) ? suiteArgs : [],
    write: writeOutput,
  });
};

/** One after the other. What the second lane and those after it say is kept until each of their suites ends. */
const runLane = async (suites: readonly Suite[], isShownAtOnce: boolean): Promise<SuiteResult[]> => {
  const results: SuiteResult[] = [];
  for (const suite of suites) {
    let kept = '';
    results.push(
      await run(suite, (text) => {
        if (isShownAtOnce) write(text);
        else kept += text;
      }),
    );
    write(kept);
  }
  return results;
};

const lineOf = ({ suite, end, tally, seconds, processorSeconds }: SuiteResult): string =>
  [
    end.padEnd(8),
    suite.name.padEnd(11),
    `${tally.passed}`.padStart(5),
    'passed',
    `${tally.failed}`.padStart(4),
    'failed',
    `${seconds.toFixed(0)} s`.padStart(8),
    `${processorSeconds.toFixed(0)} s of processor time`.padStart(26),
  ].join(' ');

const results: SuiteResult[] = [];
for (const suite of first.filter(isChosen)) {
  results.push(await run(suite, write));
  if (results.at(-1)?.end === 'failed') break;
}
if (results.every(({ end }) => end !== 'failed')) {
  const chosen = lanes.map((lane) => lane.filter(isChosen)).filter((lane) => lane.length > 0);
  results.push(...(await Promise.all(chosen.map((lane, index) => runLane(lane, index === 0)))).flat());
}

// Again, since much may have been printed after it.
for (const { suite, failure } of results)
  if (failure !== '') write(`\n== ${suite.name} failed:\n${failure}\n`);

write('\n');
for (const result of results) write(`${lineOf(result)}\n`);
const gaps = results.flatMap((result) => result.gaps);
// In few lines, since some pages show the last ones only.
for (const { suite, failedTests } of results)
  for (const failedTest of failedTests) write(`${suite.name}: ${failedTest}\n`);
for (const gap of gaps) write(`${gap}\n`);
if (gaps.length > 0) write('On Debian .ci/run installs everything (as root).\n');
const { passed, failed } = totalOf(results.map(({ tally }) => tally));
write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
