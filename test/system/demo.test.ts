import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);

it('the demo shows readings arriving, waiting, and arriving late', async () => {
  const { stdout } = await run(process.execPath, [
    ...['dist/demo/main.js', '--interval', '1', '--seconds', '25'],
    ...['--cut-after', '6', '--cut-for', '8'],
  ]);

  const lines = stdout.split('\n');
  expect(stdout).toMatch(/dashboard: http:\/\/127\.0\.0\.1:\d+\//);
  expect(lines.filter((line) => line.startsWith('reading ')).length).toBeGreaterThan(3);
  expect(lines.some((line) => /^outbox {3}\d+ readings wait$/.test(line))).toBe(true);
  expect(lines.some((line) => /^backlog {2}#\d+ to #\d+: \d+ readings/.test(line))).toBe(true);
  expect(lines.filter((line) => line === 'status   offline').length).toBeGreaterThan(0);
});
