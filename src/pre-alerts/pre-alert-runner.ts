import type { Log } from '../log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { StateChanges } from '../outbox/records.ts';
import { StorageFullError } from '../store/store.ts';
import type { Derived } from '../weather/derived.ts';
import type { Measurement } from '../weather/reading.ts';
import type { PreAlertOutputStatus, PreAlertOutputs } from './alert-outputs.ts';
import type { EngineState, EngineStep } from './engine.ts';
import type { Decision, PreAlerts } from './pre-alerts.ts';

const STATE_KEY = 'preAlerts';
/** Steps that may wait for room on the disk. */
const MAX_PENDING = 100;

/** What the run before kept of the pre-alerts. */
export const savedPreAlerts = (outbox: Pick<Outbox, 'getState'>): Promise<unknown> =>
  outbox.getState(STATE_KEY);

export type PreAlertStatus = {
  readonly rule: string;
  readonly state: string;
  readonly severity: string;
  readonly text: string;
  /** The line that it switches, alone or with other rules; `null` when it has none. */
  readonly output: PreAlertOutputStatus | null;
};

type PreAlertRunnerParts = {
  readonly preAlerts: PreAlerts;
  readonly outputs: PreAlertOutputs;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly log: Log;
};

/**
 * Has the rules look at each measurement and carries out what they decide: into the alert lane, into the log, onto the
 * output lines. An event and the state that knows of it are one commit; with a full disk both wait here.
 */
export class PreAlertRunner {
  readonly #parts: PreAlertRunnerParts;
  #kept: EngineState | null = null;
  #pending: readonly EngineStep[] = [];
  #derived: Derived | null = null;

  constructor(parts: PreAlertRunnerParts) {
    this.#parts = parts;
  }

  /** Has the rules judge a reading. */
  decide(measurement: Measurement): Promise<void> {
    return this.#carryOut(this.#parts.preAlerts.evaluate(measurement));
  }

  /** Has the rules on what is counted judge what was counted between two readings. */
  decideInterim(measurement: Measurement): Promise<void> {
    return this.#carryOut(this.#parts.preAlerts.evaluateInterim(measurement));
  }

  async #carryOut({ steps, state, derived }: Decision): Promise<void> {
    const { preAlerts, outputs, log } = this.#parts;
    this.#derived = derived;
    for (const { event } of steps) {
      const { rule, transition, severity, value } = event;
      log.warn({ rule, transition, severity, value }, event.text);
    }
    this.#pending = [...this.#pending, ...steps];
    await this.#append();
    if (this.#pending.length === 0) this.#kept = state;
    await outputs.show(preAlerts.status());
  }

  /** To be committed with the next reading, so that durations survive a restart. */
  stateToKeep(): StateChanges {
    return this.#kept === null ? {} : { [STATE_KEY]: this.#kept };
  }

  status(): readonly PreAlertStatus[] {
    const { preAlerts, outputs } = this.#parts;
    return preAlerts.status().map((each) => ({ ...each, output: outputs.statusOf(each.rule) }));
  }

  /** What follows from the newest measurement; `null` before the first. */
  derived(): Derived | null {
    return this.#derived;
  }

  async #append(): Promise<void> {
    try {
      for (let [step] = this.#pending; step !== undefined; [step] = this.#pending) {
        await this.#parts.outbox.append('prealert', step.event, { [STATE_KEY]: step.state });
        this.#kept = step.state;
        this.#pending = this.#pending.slice(1);
      }
    } catch (error) {
      // The recorder says that the disk is full.
      if (!(error instanceof StorageFullError)) throw error;
      this.#giveUpBeyond(MAX_PENDING);
    }
  }

  #giveUpBeyond(maxPending: number): void {
    const tooMany = this.#pending.length - maxPending;
    if (tooMany <= 0) return;
    this.#pending = this.#pending.slice(tooMany);
    this.#parts.log.error({ events: tooMany }, 'the oldest pre-alert events are given up for want of room');
  }
}
