import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { missingOf } from './installed.ts';
import type { Suite } from './suites.ts';
import { type Tally, tallyOf } from './tally.ts';

export type SuiteResult = {
  readonly suite: Suite;
  readonly end: 'passed' | 'failed' | 'left out';
  readonly tally: Tally;
  readonly seconds: number;
  /** What was left out, and why. */
  readonly gaps: readonly string[];
  /** What a failed suite said of it, or its last lines. */
  readonly failure: string;
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
  return (begin < 0 ? lines.slice(-FAILURE_LINES) : lines.slice(begin, begin + FAILURE_LINES)).join('\n');
};

/** Runs a suite where its programs are installed. A line of its output that begins with LEFT OUT is a gap. */
export const runSuite = async (suite: Suite, options: SuiteRunOptions): Promise<SuiteResult> => {
  const missing = missingOf(suite.needs);
  if (missing.length > 0) {
    const tally = { passed: 0, failed: options.isGapFailure ? 1 : 0 };
    const gaps = [`LEFT OUT: ${suite.about}. Not installed: ${missing.join(', ')}`];
    return { suite, end: options.isGapFailure ? 'failed' : 'left out', tally, seconds: 0, gaps, failure: '' };
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
  const [status] = await once(child, 'close');
  const gaps = output.match(/^LEFT OUT.*$/gm) ?? [];
  const hasPassed = status === 0 && !(options.isGapFailure && gaps.length > 0);
  return {
    suite,
    end: hasPassed ? 'passed' : 'failed',
    tally: tallyOf(output, hasPassed),
    seconds: (performance.now() - startMs) / 1_000,
    gaps,
    failure: hasPassed ? '' : failureIn(output),
  };
};
