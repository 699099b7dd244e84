import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  createCertificateAuthority,
  createCertificateRequest,
} from '../../src/certificate/certificate-authority.ts';

const run = promisify(execFile);

describe('a certificate authority', () => {
  it('issues server certificates that name their hosts', async () => {
    const authority = await createCertificateAuthority('Test CA');
    const server = await authority.issueServer({ dns: ['localhost'], ip: ['127.0.0.1'] });

    const certificate = new X509Certificate(server.certificate);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(server.privateKey))).toBe(true);
  });

  it('issues client certificates under the name of the thing', async () => {
    const authority = await createCertificateAuthority('Test CA');
    const client = await authority.issueClient('station-1');

    const certificate = new X509Certificate(client.certificate);
    expect(certificate.subject).toBe('CN=station-1');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(client.privateKey))).toBe(true);
  });

  it('keeps to the validity it is given', async () => {
    const authority = await createCertificateAuthority('Test CA');
    const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };

    const { certificate } = await authority.issueClient('late', validity);

    expect(new Date(new X509Certificate(certificate).validTo)).toEqual(validity.notAfter);
  });

  it('makes a signing request that OpenSSL verifies', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'request-'));
    try {
      const { signingRequest, privateKey } = await createCertificateRequest('station-1');
      const file = join(folder, 'device.csr');
      await writeFile(file, signingRequest);

      const { stdout, stderr } = await run('openssl', ['req', '-in', file, '-verify', '-noout', '-subject']);

      expect(`${stdout}${stderr}`).toMatch(/verify OK/i);
      expect(stdout).toMatch(/CN ?= ?station-1/);
      expect(createPrivateKey(privateKey).asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
