import type { Instant } from '../weather/reading.ts';
import type { PreAlertEvent } from './assessment.ts';
import { agedWithin } from './rule-state.ts';

/** Events of the last ten minutes, held back ones included, and whether they are more than a person can take in. */
export type FloodState = { readonly eventAgesMs: readonly number[]; readonly isFlooding: boolean };

export const noFlood: FloodState = { eventAgesMs: [], isFlooding: false };

/** EEMUA 191: more than ten alarms in ten minutes are a flood. It is over at half of that. */
const FLOOD_EVENTS = 10;
const FLOOD_OVER_EVENTS = 5;
const FLOOD_WINDOW_MS = 600_000;

export type FloodStep = {
  readonly flood: FloodState;
  /** The flood's own event, where it begins or ends. */
  readonly event: PreAlertEvent | null;
};

/** Lets time pass; the flood may end by it. */
export const ageFlood = (before: FloodState, sinceMs: number, at: Instant): FloodStep => {
  // Nearly always there was no event.
  if (before.eventAgesMs.length === 0 && !before.isFlooding) return { flood: before, event: null };
  const eventAgesMs = agedWithin(before.eventAgesMs, sinceMs, FLOOD_WINDOW_MS);
  if (!before.isFlooding || eventAgesMs.length > FLOOD_OVER_EVENTS) {
    return { flood: { ...before, eventAgesMs }, event: null };
  }
  const text = 'The flood of pre-alerts is over; what it held back and still holds follows.';
  return {
    flood: { eventAgesMs, isFlooding: false },
    event: floodEvent({ at, transition: 'cleared', text }, eventAgesMs.length),
  };
};

/** Counts one event; the flood may begin by it. */
export const countEvent = (before: FloodState, at: Instant): FloodStep => {
  const eventAgesMs = [...before.eventAgesMs, 0];
  const isBeginning = !before.isFlooding && eventAgesMs.length > FLOOD_EVENTS;
  const text = `More than ${FLOOD_EVENTS} pre-alerts in 10 minutes: until there are fewer, warnings are held back.`;
  return {
    flood: { eventAgesMs, isFlooding: before.isFlooding || isBeginning },
    event: isBeginning ? floodEvent({ at, transition: 'raised', text }, eventAgesMs.length) : null,
  };
};

const floodEvent = (
  fields: Pick<PreAlertEvent, 'at' | 'transition' | 'text'>,
  value: number,
): PreAlertEvent => ({
  rule: 'flood',
  kind: 'flood',
  quantity: 'prealerts',
  severity: 'alert',
  value,
  limit: FLOOD_EVENTS,
  unit: 'events in 10 min',
  minutestolimit: null,
  ...fields,
});
