import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../src/commands/run.ts';
import { createRecordingContext } from '../fakes/command-context.ts';

describe('run', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'run-'));
    await writeFile(
      join(folder, 'bad.yaml'),
      'station: { id: "1", name: UK }\naws: { endpoint: localhost }\n',
    );
    await writeFile(
      join(folder, 'good.yaml'),
      `${[
        'station: { id: "1", name: UK-Worthing }',
        'aws: { endpoint: localhost, certificate: /nowhere/a.pem, privateKey: /nowhere/a.key }',
      ].join('\n')}\n`,
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('ends with 78 and every problem of a bad configuration', async () => {
    const context = createRecordingContext({ configPath: join(folder, 'bad.yaml') });

    expect(await command({ operands: [] }, context)).toBe(78);

    const { err } = await context.written();
    expect(err).toContain('aws.certificate');
    expect(err).toContain('aws.privateKey');
  });

  it('ends with 78 for a scenario or a seed that is none, without touching the store', async () => {
    const context = createRecordingContext();
    const args = { operands: [], config: join(folder, 'good.yaml'), simulate: true, seed: 'luck' };

    expect(await command({ ...args, scenario: join(folder, 'missing.yaml') }, context)).toBe(78);

    const { err } = await context.written();
    expect(err).toContain('--seed: found "luck"');
    expect(err).toContain('missing.yaml');
  });
});
