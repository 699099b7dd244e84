import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const run = (command: string): Promise<string> =>
  new Promise((resolve) => {
    const [file = '', ...args] = command.split(' ');
    const path = fileURLToPath(new URL(`../../../cloud/operations/commands/${file}`, import.meta.url));
    execFile(process.execPath, ['--import', 'tsx', path, ...args], { env: {} }, (error, stdout, stderr) =>
      resolve(`${error?.code ?? 0} ${stdout}${stderr}`),
    );
  });

describe('a command of the cloud', () => {
  it('does nothing where it is asked for its usage, or says something that it does not know', async () => {
    const commands = [
      'pausing.ts pause --help',
      'pausing.ts resume now',
      'backfill.ts -h',
      'backfill.ts --dry-rum',
    ];

    expect((await Promise.all(commands.map(run))).map((text) => text.split('\n')[0])).toEqual([
      expect.stringMatching(/^0 npm run cloud:pause /),
      expect.stringMatching(/^1 npm run cloud:pause /),
      expect.stringMatching(/^0 npm run cloud:backfill /),
      "1 Unknown option '--dry-rum'",
    ]);
  });

  it('names the file that it cannot use, in one line', async () => {
    const commands = [
      'enroll.ts /nowhere.csr --station x',
      'enroll.ts package.json --station x',
      'enroll.ts --csv /tmp',
      'revoke.ts 1 --certificate package.json',
    ];

    expect(await Promise.all(commands.map(run))).toEqual([
      '1 /nowhere.csr cannot be read (ENOENT): a certificate signing request is expected\n',
      '1 package.json is not a certificate signing request\n',
      '1 /tmp cannot be read (EISDIR): a list of stations is expected\n',
      '1 package.json is not a certificate\n',
    ]);
  });
});
