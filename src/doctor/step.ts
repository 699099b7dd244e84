import type { Clock } from '../time/clock.ts';

/** One thing that has to be right for a station to work. */
export type Step = {
  readonly name: string;
  /** Resolves with what was found; rejects with what is wrong. */
  readonly examine: () => Promise<string>;
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

/** Rejection of a step that knows the remedy better than the step's own. */
export class Complaint extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'Complaint';
    this.remedy = remedy;
  }
}

const STEP_TIMEOUT_MS = 30_000;

const timeOut = async (clock: Clock, signal: AbortSignal): Promise<never> => {
  await clock.sleep(STEP_TIMEOUT_MS, signal);
  throw new Error(`no answer within ${STEP_TIMEOUT_MS / 1000} s`);
};

const examine = async ({ name, examine: look, remedy }: Step, clock: Clock): Promise<Finding> => {
  const over = new AbortController();
  try {
    const late = timeOut(clock, over.signal);
    late.catch(() => undefined);
    return { name, isPassed: true, detail: await Promise.race([look(), late]), remedy: null };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { name, isPassed: false, detail, remedy: error instanceof Complaint ? error.remedy : remedy };
  } finally {
    over.abort();
  }
};

/** Takes the steps one after the other, whatever becomes of each; `onFinding` hears of each at once. */
export const takeSteps = async (
  steps: readonly Step[],
  clock: Clock,
  onFinding: (finding: Finding) => void,
): Promise<Finding[]> => {
  const findings: Finding[] = [];
  for (const step of steps) {
    const finding = await examine(step, clock);
    findings.push(finding);
    onFinding(finding);
  }
  return findings;
};

export const formatFinding = ({ name, isPassed, detail, remedy }: Finding): string =>
  `${isPassed ? ' ok ' : 'FAIL'}  ${name}: ${detail}${remedy === null ? '' : `\n      -> ${remedy}`}\n`;
