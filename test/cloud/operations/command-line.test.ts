import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const run = (command: string, env: Readonly<Record<string, string>> = {}): Promise<string> =>
  new Promise((resolve) => {
    const [file = '', ...args] = command.split(' ');
    const path = fileURLToPath(new URL(`../../../cloud/operations/commands/${file}`, import.meta.url));
    execFile(
      process.execPath,
      ['--import', 'tsx', path, ...args],
      { env: { NODE_NO_WARNINGS: '1', ...env } },
      (error, stdout, stderr) => resolve(`${error?.code ?? 0} ${stdout}${stderr}`),
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

    expect(
      (await Promise.all(commands.map((command) => run(command)))).map((text) => text.split('\n')[0]),
    ).toEqual([
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

    expect(await Promise.all(commands.map((command) => run(command)))).toEqual([
      '1 /nowhere.csr cannot be read (ENOENT): a certificate signing request is expected\n',
      '1 package.json is not a certificate signing request\n',
      '1 /tmp cannot be read (EISDIR): a list of stations is expected\n',
      '1 package.json is not a certificate\n',
    ]);
  });

  it('takes no list in the encoding of a spreadsheet, which would change the names', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weather-list-'));
    const file = join(folder, 'boards.csv');
    const list = '\uFEFFdeviceid,weatherstationname\r\n17,Zürich\r\n';
    const answers: string[] = [];
    for (const encoding of ['latin1', 'utf16le'] as const) {
      writeFileSync(file, list, encoding);
      answers.push(await run(`enroll.ts --csv ${file}`));
    }
    rmSync(folder, { recursive: true });

    expect(answers).toEqual(answers.map(() => `1 ${file} is not a list of stations: it is not UTF-8\n`));
  });

  it('says what to do when AWS answers oddly, or not at all', async () => {
    const answers: Readonly<Record<string, [number, string]>> = {
      none: [
        400,
        '<Code>ValidationError</Code><Message>Stack with id WeatherGateway does not exist</Message>',
      ],
      proxy: [403, '<html>no</html>'],
    };
    const server = createServer((request, response) => {
      const [status = 500, error] = answers[request.url?.split('/')[1] ?? ''] ?? [];
      request.resume().on('end', () => response.writeHead(status).end(`<R><Error>${error}</Error></R>`));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const keys = { AWS_REGION: 'eu-west-2', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' };
    const at = (path: string) =>
      run('claim.ts /nowhere', { ...keys, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}/${path}` });

    const lines = await Promise.all([
      at('none'),
      at('proxy'),
      run('claim.ts /nowhere', { AWS_REGION: 'eu-west-2', AWS_EC2_METADATA_DISABLED: 'true' }),
    ]);
    server.close();

    expect(lines).toEqual([
      '1 there is no stack WeatherGateway in this account and region: set AWS_PROFILE or AWS_REGION, or deploy it\n',
      '1 Unknown (HTTP 403, maybe not of AWS: is there a proxy?)\n',
      '1 Could not load credentials from any providers (of AWS: set AWS_PROFILE, run aws configure or aws sso login)\n',
    ]);
  });
});
