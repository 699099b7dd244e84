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

  it('finds no problems in a good file named by --config', async () => {
    const context = createRecordingContext();
    const config = fileURLToPath(new URL('good.yaml', import.meta.url));

    const status = await command({ operands: [], config }, context);

    expect(status).toBe(0);
    expect((await context.written()).out).toBe(`${config}: no problems\n`);
  });
});
