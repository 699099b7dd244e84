import type { StationBuses } from '../buses/station-buses.ts';
import type { PreAlertRule } from '../config/pre-alerts-schema.ts';
import type { OutputLine } from '../gpio/lines.ts';
import type { Log } from '../log.ts';

/** A line by its BCM number. `waiting`: not driven yet, `failing`: cannot be driven. */
export type PreAlertOutputStatus = {
  readonly gpio: number;
  readonly state: 'waiting' | 'on' | 'off' | 'failing';
};

const STATES: Readonly<Record<string, string>> = {
  waiting: 'was not driven yet',
  on: 'is on',
  off: 'is off',
  failing: 'cannot be driven',
};

/** What a pre-alert's line does, for a person: `GPIO 17 is on.` */
export const outputText = ({ gpio, state }: { readonly gpio: number; readonly state: string }): string =>
  `GPIO ${gpio} ${STATES[state] ?? state}.`;

type PreAlertOutputsParts = {
  readonly rules: readonly Pick<PreAlertRule, 'id' | 'output'>[];
  readonly buses: Pick<StationBuses, 'openOutputLine'>;
  readonly log: Log;
};

export type PreAlertOutputs = {
  /**
   * Switches on the lines of the rules that are active or clearing, and the others off. A line that cannot be driven
   * is logged once and tried again each time. Closing the buses leaves every line inactive.
   */
  show(rules: readonly RuleState[]): Promise<void>;
  /** The line of a rule; `null` for a rule without one. */
  statusOf(rule: string): PreAlertOutputStatus | null;
};

type RuleState = { readonly rule: string; readonly state: string };

/** Raised, and not yet for good over. */
export const isActive = ({ state }: Pick<RuleState, 'state'>): boolean =>
  state === 'active' || state === 'clearing';

/** LEDs, buzzers and relays of the pre-alert rules; opened when first shown. */
export const openPreAlertOutputs = ({ rules, buses, log }: PreAlertOutputsParts): PreAlertOutputs => {
  const outputLines = new Map<number, AlertOutput>();
  for (const { id, output } of rules) {
    if (output === undefined) continue;
    const outputLine = outputLines.get(output.gpio);
    if (outputLine) outputLine.rules.add(id);
    else outputLines.set(output.gpio, new AlertOutput({ rules: new Set([id]), output, buses, log }));
  }
  return {
    show: async (statuses) => {
      const active = new Set(statuses.filter(isActive).map(({ rule }) => rule));
      await Promise.all([...outputLines.values()].map((outputLine) => outputLine.show(active)));
    },
    statusOf: (rule) => [...outputLines.values()].find(({ rules: own }) => own.has(rule))?.status() ?? null,
  };
};

type AlertOutputParts = {
  readonly rules: Set<string>;
  readonly output: { readonly gpio: number; readonly activeLow: boolean };
} & Pick<PreAlertOutputsParts, 'buses' | 'log'>;

/** One line, and the rules that share it. */
class AlertOutput {
  readonly rules: Set<string>;
  readonly #parts: AlertOutputParts;
  #line: OutputLine | null = null;
  /** What the line was last told; `null` when it is not known to have listened. */
  #isOn: boolean | null = null;
  #isFailing = false;

  constructor(parts: AlertOutputParts) {
    this.#parts = parts;
    this.rules = parts.rules;
  }

  status(): PreAlertOutputStatus {
    const { gpio } = this.#parts.output;
    if (this.#isFailing) return { gpio, state: 'failing' };
    if (this.#isOn === null) return { gpio, state: 'waiting' };
    return { gpio, state: this.#isOn ? 'on' : 'off' };
  }

  async show(active: ReadonlySet<string>): Promise<void> {
    const isOn = [...this.rules].some((rule) => active.has(rule));
    if (isOn === this.#isOn) return;
    const { log, output, buses } = this.#parts;
    const { gpio, activeLow } = output;
    try {
      this.#line ??= await buses.openOutputLine({ gpio, isActiveLow: activeLow });
      await this.#line.set(isOn);
      this.#isOn = isOn;
      if (this.#isFailing) log.info({ gpio }, 'the output line works again');
      this.#isFailing = false;
    } catch (error) {
      this.#isOn = null;
      if (!this.#isFailing) log.warn({ gpio, err: error }, 'the output line cannot be driven');
      this.#isFailing = true;
    }
  }
}
