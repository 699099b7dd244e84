import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import { keyPairOf } from '../../src/certificate/key-pairs.ts';
import { examineTls, type TlsExaminationParts } from '../../src/mqtt/tls-examination.ts';

const DAY_MS = 86_400_000;
const authority = await createCertificateAuthority('Test CA');
const other = await createCertificateAuthority('Another CA');
const names = { dns: ['localhost'], ip: ['127.0.0.1'] };
const good = await authority.issueServer(names);
const device = await authority.issueClient('1');
const stranger = await other.issueClient('1');
const validity = (fromDays: number, toDays: number) => ({
  notBefore: new Date(Date.now() + fromDays * DAY_MS),
  notAfter: new Date(Date.now() + toDays * DAY_MS),
});

describe('the examination of TLS', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.close();
    server = undefined;
  });

  const listen = async (listening: Server): Promise<number> => {
    server = listening.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const address = listening.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP port');
    return address.port;
  };
  const serve = (options: TlsOptions = {}): Promise<number> =>
    listen(
      createTlsServer({
        key: good.privateKey,
        cert: good.certificate,
        ca: authority.certificate,
        ...options,
      }).on('tlsClientError', () => undefined),
    );
  const examine = (port: number, overrides: Partial<TlsExaminationParts> = {}) =>
    examineTls({
      endpoint: '127.0.0.1',
      port,
      rootCa: authority.certificate,
      pair: keyPairOf(device.certificate, device.privateKey, 'c'),
      proxy: undefined,
      isClockSure: true,
      signal: new AbortController().signal,
      ...overrides,
    });

  it('shows issuer, validity and names of the certificate', async () => {
    const { isGood, text } = await examine(await serve({ requestCert: true }));

    expect(isGood).toBe(true);
    expect(text).toMatch(
      /^127\.0\.0\.1:\d+ \(127\.0\.0\.1\), TLSv1\.3, issued by Test CA, valid from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d, for localhost, 127\.0\.0\.1$/,
    );
  });

  it.each([
    ['an expired certificate', validity(-30, -1), {}, 'has expired'],
    ['one that is not valid yet', validity(1, 30), {}, 'is not valid yet'],
    [
      'one that is not valid yet by a clock that was never set',
      validity(1, 30),
      { isClockSure: false },
      /is not valid yet \(.*the clock of this machine says .* and is not synchronized/,
    ],
  ])('tells %s', async (_what, valid, overrides, text) => {
    const { certificate, privateKey } = await authority.issueServer(names, valid);
    const found = await examine(await serve({ key: privateKey, cert: certificate }), overrides);

    expect(found.isGood).toBe(false);
    expect(found.text).toMatch(text);
  });

  it('tells a wrong authority from a wrong name', async () => {
    const foreign = await other.issueServer(names);
    const elsewhere = await authority.issueServer({ dns: ['elsewhere.example'], ip: [] });

    const wrongAuthority = await examine(await serve({ key: foreign.privateKey, cert: foreign.certificate }));
    server?.close();
    const wrongName = await examine(await serve({ key: elsewhere.privateKey, cert: elsewhere.certificate }));

    expect(wrongAuthority.text).toMatch(/authority that is not trusted \(issued by Another CA/);
    expect(wrongName.text).toMatch(/is not for 127\.0\.0\.1 \(.*for elsewhere\.example\)/);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'tells that our certificate is refused, by %s',
    async (version) => {
      const port = await serve({ requestCert: true, minVersion: version, maxVersion: version });
      const { isGood, text } = await examine(port, {
        pair: keyPairOf(stranger.certificate, stranger.privateKey, 'c'),
      });

      expect(isGood).toBe(false);
      expect(text).toMatch(/our certificate/);
    },
  );

  it('tells an old TLS, an answer without TLS, silence, a closed port, no route and a name that does not exist', async () => {
    const old = await serve({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    expect((await examine(old)).text).toMatch(/does not speak TLS 1\.2 or 1\.3/);
    server?.close();

    const portal = await listen(
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end('HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n');
      }),
    );
    expect(await examine(portal)).toMatchObject({
      text: expect.stringContaining('answers without TLS: a captive portal?'),
      remedy: expect.stringContaining('login in a browser'),
    });
    server?.close();

    const mute = await listen(createServer((socket) => socket.on('error', () => undefined)));
    expect((await examine(mute)).text).toMatch(/accepts the connection and then says nothing/);

    expect((await examine(1)).text).toBe('127.0.0.1:1 refuses the connection: the port is closed');
    // Linux routes no TCP to the broadcast address.
    expect((await examine(1, { endpoint: '255.255.255.255' })).text).toBe(
      'there is no route to 255.255.255.255:1',
    );
    expect((await examine(1, { endpoint: 'nowhere.invalid' })).text).toMatch(
      /the name nowhere\.invalid:1 (does not exist|cannot be resolved)/,
    );
  });
});
