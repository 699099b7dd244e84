import type { Clock } from './clock.ts';

/** A process that was held up between two clocks for so long reads them again; far below the step that counts. */
const HELD_UP_MS = 500;
const ATTEMPTS = 5;

export type ClockReading = { readonly monotonicMs: number; readonly wallMs: number };

/** Both clocks at one moment: read with a stop or a suspension in between, they would differ as after a step. */
export const readClocks = (clock: Clock): ClockReading => {
  for (let attempt = 1; ; attempt += 1) {
    const monotonicMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    const heldUpMs = clock.monotonicMs() - monotonicMs;
    if (heldUpMs < HELD_UP_MS || attempt === ATTEMPTS) return { monotonicMs, wallMs };
  }
};
