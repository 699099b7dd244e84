import type { Check } from './limits.ts';

const MINUTE_MS = 60_000;

type Fall = { readonly mm: number; readonly agoMs: number };

/** What was believed to have fallen in the minute before the newest reading. */
export type RainMemory = readonly Fall[];

/** Fails rain that would make more of a minute, or of a longer time since the previous reading, than ever falls. */
export const checkRainMinute: Check<RainMemory> = (memory, { rainheight }, { limits, sinceMs }) => {
  const earlier = memory
    .map(({ mm, agoMs }) => ({ mm, agoMs: agoMs + sinceMs }))
    .filter(({ agoMs }) => agoMs < MINUTE_MS);
  if (rainheight === null || rainheight === 0) return { flags: {}, memory: earlier };
  const minutes = Math.max(1, sinceMs / MINUTE_MS);
  const total = earlier.reduce((sum, { mm }) => sum + mm, rainheight);
  if (total > limits.rain.maxMmPerMinute * minutes)
    return { flags: { rainheight: 'failed:range' }, memory: earlier };
  return { flags: {}, memory: [...earlier, { mm: rainheight, agoMs: 0 }] };
};
