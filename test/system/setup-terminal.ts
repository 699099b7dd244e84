import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export const ENTER = '\r';
export const CTRL_C = '\u0003';

/**
 * What is typed once the screen shows this; where it is a function, what it does before Enter is typed. In between it waits
 * so long.
 */
export type Step = readonly [shown: RegExp, typed: string | (() => Promise<void>), waitMs?: number];

/** The built `setup` on a pseudo terminal, which `script` (util-linux) makes. */
export const setupOnTerminal = async (
  args: readonly string[],
  steps: readonly Step[],
): Promise<{ status: number; screen: string }> => {
  const line = [process.execPath, MAIN, 'setup', ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qefc', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let screen = '';
  let seen = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
  });
  for (const [shown, typed, waitMs = 0] of steps) {
    await expect.poll(() => screen.slice(seen), { timeout: 60_000 }).toMatch(shown);
    seen = screen.length;
    await delay(waitMs);
    if (typeof typed === 'string') child.stdin.write(typed);
    else {
      await typed();
      child.stdin.write(ENTER);
    }
  }
  const [status] = await exited;
  return { status, screen };
};
