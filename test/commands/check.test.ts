import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { command } from '../../src/commands/check.ts';
import { createRecordingContext } from '../fakes/command-context.ts';

const shipped = fileURLToPath(new URL('../../config/gateway.yaml', import.meta.url));

describe('check', () => {
  it('prints every problem of the default configuration and exits with 78', async () => {
    const context = createRecordingContext({ configPath: shipped, credentialsDirectory: '/nowhere' });

    const status = await command({ operands: [] }, context);

    expect(status).toBe(78);
    expect((await context.written()).out).toBe(
      `${shipped}:14:16: aws.certificate: found no such file at /etc/weather-gateway/device.pem; ` +
        'allowed: a PEM file with a CERTIFICATE, issued for the request that enroll makes\n' +
        `${shipped}:15:15: aws.privateKey: found no such file at /nowhere/device.key; ` +
        'allowed: a PEM file with a PRIVATE KEY, made by weather-gateway enroll\n',
    );
  });

  const checkGoodFiles = async (keyMode: number) => {
    const folder = await mkdtemp(join(tmpdir(), 'check-'));
    for (const name of ['good.yaml', 'good.pem'])
      await copyFile(new URL(name, import.meta.url), join(folder, name));
    await chmod(join(folder, 'good.pem'), keyMode);
    const context = createRecordingContext();
    const status = await command({ operands: [], config: join(folder, 'good.yaml') }, context);
    await rm(folder, { recursive: true });
    return { status, folder, out: (await context.written()).out };
  };

  it('finds no problems in a good file named by --config', async () => {
    const { status, folder, out } = await checkGoodFiles(0o640);

    expect(status).toBe(0);
    expect(out).toBe(`${folder}/good.yaml: no problems\n`);
  });

  it('names a key that every user can read', async () => {
    const { status, folder, out } = await checkGoodFiles(0o644);

    expect(status).toBe(78);
    expect(out).toBe(
      `${folder}/good.pem: found a secret that every user can read; ` +
        `allowed: a file closed to others (chmod o= ${folder}/good.pem)\n`,
    );
  });
});
