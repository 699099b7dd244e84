import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const DEMO = ['--import', 'tsx', fileURLToPath(new URL('demo-cloud.ts', import.meta.url))];

it('says first what the machine lacks, and what to do about it', async () => {
  const emptyFolder = mkdtempSync(join(tmpdir(), 'no-programs-'));

  const run = promisify(execFile)(process.execPath, DEMO, { env: { PATH: emptyFolder } });

  await expect(run).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^The chain needs what is not here: .*java.*\nOn Debian: apt-get install .*openjdk-17-jdk-headless\nWithout them: npm run demo,/,
    ),
  });
  rmSync(emptyFolder, { recursive: true });
});

it('shows the dashboard, rows and the mail of the post, and ends when it is told to', async () => {
  const demo = spawn(process.execPath, [...DEMO, '--interval', '1', '--seconds', '90'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  let page = '';
  for await (const line of createInterface(demo.stdout)) {
    lines.push(line);
    const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(line) ?? [];
    if (url !== undefined) page = await fetch(url).then((response) => response.text());
    if (line.startsWith('MAIL')) demo.kill('SIGINT');
  }
  if (demo.exitCode === null) await once(demo, 'exit');

  expect(page).toContain('<title>');
  expect(lines).toContainEqual(
    expect.stringMatching(/^sensordata \d{4}-.* °C {3}sensordata_avgs [\d.]+ °C over 1 message\(s\)$/),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(
      /^MAIL {2}Weather station "UK-Worthing" reported [1-3] alert\(s\) between 4[345]\.\d°C and 4[345]\.\d°C from /,
    ),
  );
  expect(demo.exitCode).toBe(0);
});
