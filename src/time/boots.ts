import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Instant } from '../weather/reading.ts';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

/** Names this boot of the machine. Where the kernel does not tell, each start of the process counts as a boot. */
export const readBootId = async (file = BOOT_ID_FILE): Promise<string> => {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    return randomUUID();
  }
};

/**
 * What is known of one boot of the machine. A reading keeps only monotonic time that can be trusted;
 * `wall - monotonic` of its boot turns that into a date.
 */
export type Boot = {
  readonly bootId: string;
  /** Wall minus monotonic while the clock was known to be right; `null`: this boot never knew the time. */
  readonly synchronizedOffsetMs: number | null;
  /** Wall minus monotonic as the machine believed it last, right or wrong. */
  readonly believedOffsetMs: number;
  readonly firstMonotonicMs: number;
  readonly lastMonotonicMs: number;
};

/** Oldest boot first. */
export type Boots = readonly Boot[];

/** A station that reboots daily and is offline for half a year still finds every boot. */
const MAX_BOOTS = 200;

/** Notes a moment of the running boot; a boot not seen before is put at the end. */
export const noteInstant = (boots: Boots, at: Instant): Boots => {
  const offsetMs = at.wallMs - at.monotonicMs;
  const known = boots.find((boot) => boot.bootId === at.bootId);
  const noted: Boot = {
    bootId: at.bootId,
    synchronizedOffsetMs: at.synchronized ? offsetMs : (known?.synchronizedOffsetMs ?? null),
    believedOffsetMs: offsetMs,
    firstMonotonicMs: Math.min(known?.firstMonotonicMs ?? at.monotonicMs, at.monotonicMs),
    lastMonotonicMs: Math.max(known?.lastMonotonicMs ?? at.monotonicMs, at.monotonicMs),
  };
  return known
    ? boots.map((boot) => (boot === known ? noted : boot))
    : [...boots.slice(-(MAX_BOOTS - 1)), noted];
};

/** A run that began without what was saved notes its boot a second time; what it learned of it counts. */
export const joinBoots = (boots: Boots): Boots => {
  const joined = new Map<string, Boot>();
  for (const boot of boots) {
    const known = joined.get(boot.bootId) ?? boot;
    joined.set(boot.bootId, {
      ...boot,
      synchronizedOffsetMs: boot.synchronizedOffsetMs ?? known.synchronizedOffsetMs,
      firstMonotonicMs: Math.min(known.firstMonotonicMs, boot.firstMonotonicMs),
      lastMonotonicMs: Math.max(known.lastMonotonicMs, boot.lastMonotonicMs),
    });
  }
  return [...joined.values()].slice(-MAX_BOOTS);
};
