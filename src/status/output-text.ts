const STATES: Readonly<Record<string, string>> = {
  waiting: 'was not driven yet',
  on: 'is on',
  off: 'is off',
  failing: 'cannot be driven',
};

/** What a pre-alert's line does, for a person: `GPIO 17 is on.` */
export const outputText = ({ gpio, state }: { readonly gpio: number; readonly state: string }): string =>
  `GPIO ${gpio} ${STATES[state] ?? state}.`;
