import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const DEMO = ['--import', 'tsx', new URL('demo-cloud.ts', import.meta.url).pathname];

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
