import type { Clock } from '../time/clock.ts';
import { formatError } from '../weather/format.ts';

/** One thing that has to be right for a station to work. */
export type Check = {
  readonly name: string;
  /** Resolves with what was found; rejects with what is wrong. */
  readonly run: () => Promise<string>;
  /** What to do when it is wrong, as far as the error does not say it itself. */
  readonly remedy: string;
};

export type Finding = {
  readonly name: string;
  readonly isPassed: boolean;
  /** What was found, or what is wrong. */
  readonly detail: string;
  readonly remedy: string | null;
};

/** Rejection of a check that knows the remedy better than the check's own. */
export class CheckFailure extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'CheckFailure';
    this.remedy = remedy;
  }
}

const CHECK_TIMEOUT_MS = 30_000;

const timeOut = async (clock: Clock, signal: AbortSignal): Promise<never> => {
  await clock.sleep(CHECK_TIMEOUT_MS, signal);
  throw new Error(`no answer within ${CHECK_TIMEOUT_MS / 1000} s`);
};

const runCheck = async ({ name, run, remedy }: Check, clock: Clock): Promise<Finding> => {
  const over = new AbortController();
  try {
    const late = timeOut(clock, over.signal);
    late.catch(() => undefined);
    return { name, isPassed: true, detail: await Promise.race([run(), late]), remedy: null };
  } catch (error) {
    const detail = formatError(error);
    return { name, isPassed: false, detail, remedy: error instanceof CheckFailure ? error.remedy : remedy };
  } finally {
    over.abort();
  }
};

/** Runs the checks one after the other, whether they pass or not; `onFinding` gets each result at once. */
export const runChecks = async (
  checks: readonly Check[],
  clock: Clock,
  onFinding: (finding: Finding) => void,
): Promise<Finding[]> => {
  const findings: Finding[] = [];
  for (const check of checks) {
    const finding = await runCheck(check, clock);
    findings.push(finding);
    onFinding(finding);
  }
  return findings;
};

export const formatFinding = ({ name, isPassed, detail, remedy }: Finding): string =>
  `${isPassed ? ' ok ' : 'FAIL'}  ${name}: ${detail}${remedy === null ? '' : `\n      -> ${remedy}`}\n`;
