/** A line by its BCM number. `waiting`: not driven yet, `failing`: cannot be driven. */
export type PreAlertOutputStatus = {
  readonly gpio: number;
  readonly state: 'waiting' | 'on' | 'off' | 'failing';
};

export type PreAlertStatus = {
  readonly rule: string;
  readonly state: string;
  readonly severity: string;
  readonly text: string;
  /** The line that it switches, alone or with other rules; `null` when it has none. */
  readonly output: PreAlertOutputStatus | null;
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
