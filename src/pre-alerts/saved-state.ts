import { z } from 'zod';
import type { EngineState } from './engine.ts';

const durationMs = z.number().min(0);
const instant = z.strictObject({
  bootId: z.string(),
  monotonicMs: z.number(),
  wallMs: z.number(),
  synchronized: z.boolean(),
});
const severity = z.enum(['warning', 'alert']);

const event = z.strictObject({
  rule: z.string(),
  kind: z.enum(['limit', 'rate', 'trend', 'sensor', 'flood']),
  quantity: z.string(),
  severity,
  transition: z.enum(['raised', 'escalated', 'reminder', 'cleared']),
  value: z.number().nullable(),
  limit: z.number().nullable(),
  unit: z.string(),
  minutestolimit: z.number().nullable(),
  text: z.string(),
  at: instant,
});

const ruleState = z.strictObject({
  phase: z.enum(['normal', 'pending', 'active', 'clearing']),
  severity: severity.nullable(),
  subjects: z.array(z.string()),
  heldMs: durationMs,
  worseMs: durationMs.nullable(),
  quietMs: durationMs,
  changeAgesMs: z.array(durationMs),
  sinceChangeMs: durationMs.nullable(),
  isChattering: z.boolean(),
  announced: event.nullable(),
});

const engineState = z.strictObject({
  at: instant.nullable(),
  rules: z.record(z.string(), ruleState),
  flood: z.strictObject({ eventAgesMs: z.array(durationMs), isFlooding: z.boolean() }),
});

/** What an earlier run wrote down; `null` when it cannot be read. */
export const readSavedState = (saved: unknown): EngineState | null => {
  const parsed = engineState.safeParse(saved);
  return parsed.success ? parsed.data : null;
};
