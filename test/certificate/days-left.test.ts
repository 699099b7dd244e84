import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import { certificateDaysLeft } from '../../src/certificate/days-left.ts';

const notBefore = new Date('2026-01-01T00:00:00Z');
const notAfter = new Date('2026-03-01T12:00:00Z');

describe('the days a certificate has left', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'days-left-'));
    const authority = await createCertificateAuthority('an authority for a test');
    const { certificate } = await authority.issueClient('1', { notBefore, notAfter });
    await writeFile(join(folder, 'device.pem'), certificate);
    await writeFile(join(folder, 'broken.pem'), 'no certificate');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['2026-02-01T12:00:00Z', 28],
    ['2026-03-01T11:00:00Z', 0],
    ['2026-03-01T13:00:00Z', -1],
  ])('are, on %s, %i', async (now, days) => {
    expect(await certificateDaysLeft(join(folder, 'device.pem'), Date.parse(now))).toBe(days);
  });

  it.each(['broken.pem', 'missing.pem'])('are unknown of %s', async (name) => {
    expect(await certificateDaysLeft(join(folder, name), 0)).toBeNull();
  });
});
