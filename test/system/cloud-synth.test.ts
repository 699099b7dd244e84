import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** A network namespace of its own has no network; where none can be made, the network stays. */
const CUT_OFF = ['unshare', '--map-root-user', '--net'];

it('npm run cloud:synth needs no network, prints what it costs, and writes a template that passes the checks', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloud-synth-'));
  const canCutOff = spawnSync('unshare', [...CUT_OFF.slice(1), 'true']).status === 0;
  const [command = '', ...args] = [
    ...(canCutOff ? CUT_OFF : []),
    ...[
      'npm',
      'run',
      'cloud:synth',
      '--',
      '--output',
      folder,
      '-c',
      'stations=1000',
      '-c',
      'profile=standard',
    ],
  ];

  const { stderr } = await promisify(execFile)(command, args, { cwd: ROOT });

  expect(stderr).toContain('1000 station(s), a reading every 12 s, profile standard');
  expect(stderr).toMatch(/\| Redshift Serverless \|[\s\S]*\| \*\*together\*\* \| \| \*\*\d+\*\* \| \|/);
  const template = JSON.parse(readFileSync(join(folder, 'WeatherGateway.template.json'), 'utf8'));
  expect(Object.keys(template.Resources).length).toBeGreaterThan(80);
  rmSync(folder, { recursive: true });
});
