import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { missingOf } from './installed.ts';
import type { Suite } from './suites.ts';
import { type Tally, tallyOf } from './tally.ts';

export type SuiteResult = {
  readonly suite: Suite;
  readonly end: 'passed' | 'failed' | 'left out';
  readonly tally: Tally;
  readonly seconds: number;
  /** Of processor time, where Linux counts it. */
  readonly processorSeconds: number;
  /** What was left out, and why. */
  readonly gaps: readonly string[];
  /** What a failed suite said of it, or its last lines. */
  readonly failure: string;
  /** Each failed test by its name, and the first lines of its error. */
  readonly failedTests: readonly string[];
};

export type SuiteRunOptions = {
  /** What cannot run is a failure. */
  readonly isGapFailure: boolean;
  /** Added to the command. */
  readonly args?: readonly string[];
  readonly write: (text: string) => void;
};

const FAILURE_LINES = 120;

/** From where vitest begins to tell what failed, otherwise the end. */
const failureIn = (output: string): string => {
  const lines = stripVTControlCharacters(output).trimEnd().split('\n');
  const begin = lines.findIndex((line) => /^⎯+ Failed (?:Tests|Suites) /.test(line));
  return (begin < 0 ? lines.slice(-FAILURE_LINES) : lines.slice(begin)).join('\n');
};

const ERROR_LINES = 4;
const ERROR_LINE_LENGTH = 300;

const failedTestsIn = (failure: string): string[] => {
  const lines = failure.split('\n').map((line) => line.slice(0, ERROR_LINE_LENGTH));
  return lines.flatMap((line, index) =>
    /^ *FAIL {2}/.test(line) ? [lines.slice(index, index + 1 + ERROR_LINES).join('\n')] : [],
  );
};

const USER_HZ = 100;
let countedSeconds = 0;

/**
 * The processor time of the children that have ended since the last call, with that of theirs: the kernel adds it to ours when one
 * has ended. The end of a suite of another lane in the same moment is counted here.
 */
const processorSecondsOfEnded = (): number => {
  let text: string;
  try {
    text = readFileSync('/proc/self/stat', 'utf8');
  } catch {
    return 0;
  }
  // Behind the name of the program, which may have blanks: the fields from the third on.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const seconds = (Number(fields[13]) + Number(fields[14])) / USER_HZ;
  const ended = seconds - countedSeconds;
  countedSeconds = seconds;
  return ended;
};

/** Runs a suite where its programs are installed. A line of its output that begins with LEFT OUT is a gap. */
export const runSuite = async (suite: Suite, options: SuiteRunOptions): Promise<SuiteResult> => {
  const missing = missingOf(suite.needs);
  if (missing.length > 0) {
    const tally = { passed: 0, failed: options.isGapFailure ? 1 : 0 };
    const gaps = [`LEFT OUT: ${suite.about}. Not installed: ${missing.join(', ')}`];
    const end = options.isGapFailure ? 'failed' : 'left out';
    return { suite, end, tally, seconds: 0, processorSeconds: 0, gaps, failure: '', failedTests: [] };
  }
  const [program, ...args] = suite.command;
  const startMs = performance.now();
  let output = '';
  const child = spawn(program, [...args, ...(options.args ?? [])], {
    stdio: ['inherit', 'pipe', 'pipe'],
    env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}) },
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      options.write(text);
    });
  let processorSeconds = 0;
  child.once('exit', () => {
    processorSeconds = processorSecondsOfEnded();
  });
  const [status] = await once(child, 'close');
  const gaps = output.match(/^LEFT OUT.*$/gm) ?? [];
  const hasPassed = status === 0 && !(options.isGapFailure && gaps.length > 0);
  const wholeFailure = hasPassed ? '' : failureIn(output);
  return {
    suite,
    end: hasPassed ? 'passed' : 'failed',
    tally: tallyOf(output, hasPassed),
    seconds: (performance.now() - startMs) / 1_000,
    processorSeconds,
    gaps,
    failure: wholeFailure.split('\n').slice(0, FAILURE_LINES).join('\n'),
    failedTests: failedTestsIn(wholeFailure),
  };
};
