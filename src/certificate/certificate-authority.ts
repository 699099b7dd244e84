import 'reflect-metadata';
import { createPrivateKey, createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** P-256 with SHA-256: what AWS IoT Core takes, and a Pi Zero 2 W signs a handshake with in milliseconds. */
const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { ...keyAlgorithm, hash: 'SHA-256' } as const;

/** Backdated, so that a clock that is a little behind does not call a new certificate not yet valid. */
const BACKDATED_MS = 3_600_000;

/** A certificate and its private key, both PEM. */
export type Identity = { readonly certificate: string; readonly privateKey: string };

type CertificateRequest = { readonly signingRequest: string; readonly privateKey: string };

type ServerNames = { readonly dns: readonly string[]; readonly ip: readonly string[] };

type Validity = { readonly notBefore: Date; readonly notAfter: Date };

/** A throw-away authority for the demo and the tests: its key lives in memory only. */
export type CertificateAuthority = {
  readonly certificate: string;
  issueServer(names: ServerNames, validity?: Validity): Promise<Identity>;
  issueClient(commonName: string, validity?: Validity): Promise<Identity>;
  /** PEM of a certificate for the key of a request (PEM), as AWS IoT issues one. Rejects what is no request. */
  signRequest(signingRequest: string): Promise<string>;
};

const generateKeys = () => webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);

const privateKeyPem = async (keys: webcrypto.CryptoKeyPair): Promise<string> =>
  PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');

const validForDays = (days: number): Validity => {
  const nowMs = Date.now();
  return { notBefore: new Date(nowMs - BACKDATED_MS), notAfter: new Date(nowMs + days * 86_400_000) };
};

/** Positive and at most 20 octets (RFC 5280, 4.1.2.2). */
const serialNumber = (): string => `01${randomBytes(15).toString('hex')}`;

/**
 * A private key that never leaves the machine it is made on, and the request that a certificate authority
 * answers with a certificate (PKCS #10). `commonName` is the thing name.
 */
export const createCertificateRequest = async (commonName: string): Promise<CertificateRequest> => {
  const keys = await generateKeys();
  return { signingRequest: await requestFor(keys, commonName), privateKey: await privateKeyPem(keys) };
};

const requestFor = async (keys: webcrypto.CryptoKeyPair, commonName: string): Promise<string> => {
  const name = [{ CN: [commonName] }];
  return (await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm })).toString('pem');
};

/** A request for a key (PEM) that `createCertificateRequest` made. Rejects another kind of key. */
export const renewRequest = async (privateKey: string, commonName: string): Promise<string> => {
  const key = createPrivateKey(privateKey);
  const { subtle } = webcrypto;
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const keys = {
    privateKey: await subtle.importKey('pkcs8', pkcs8, keyAlgorithm, false, ['sign']),
    publicKey: await subtle.importKey('spki', spki, keyAlgorithm, true, ['verify']),
  };
  return await requestFor(keys, commonName);
};

type Issuer = { readonly certificate: X509Certificate; readonly keys: webcrypto.CryptoKeyPair };

type Wish = {
  readonly commonName: string;
  readonly usage: ExtendedKeyUsage;
  readonly extensions?: readonly Extension[];
  readonly validity: Validity;
};

const issue = async (issuer: Issuer, wish: Wish): Promise<Identity> => {
  const keys = await generateKeys();
  const certificate = await certify(issuer, wish, keys.publicKey);
  return { certificate, privateKey: await privateKeyPem(keys) };
};

const certify = async (
  issuer: Issuer,
  wish: Wish,
  publicKey: webcrypto.CryptoKey | PublicKey,
): Promise<string> => {
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [wish.commonName] }],
    issuer: issuer.certificate.subject,
    ...wish.validity,
    signingAlgorithm,
    publicKey,
    signingKey: issuer.keys.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([wish.usage]),
      await AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
      await SubjectKeyIdentifierExtension.create(publicKey),
      ...(wish.extensions ?? []),
    ],
  });
  return certificate.toString('pem');
};

export const createCertificateAuthority = async (commonName: string): Promise<CertificateAuthority> => {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    ...validForDays(3650),
    signingAlgorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const issuer = { certificate, keys };
  return {
    certificate: certificate.toString('pem'),
    issueServer: ({ dns, ip }, validity = validForDays(365)) =>
      issue(issuer, {
        commonName: dns[0] ?? ip[0] ?? 'server',
        usage: ExtendedKeyUsage.serverAuth,
        extensions: [
          new SubjectAlternativeNameExtension([
            ...dns.map((value) => ({ type: 'dns', value }) as const),
            ...ip.map((value) => ({ type: 'ip', value }) as const),
          ]),
        ],
        validity,
      }),
    issueClient: (commonName, validity = validForDays(365)) =>
      issue(issuer, { commonName, usage: ExtendedKeyUsage.clientAuth, validity }),
    signRequest: async (signingRequest) => {
      const request = new Pkcs10CertificateRequest(signingRequest);
      if (!(await request.verify())) throw new Error('the request is not signed with its own key');
      const commonName = request.subjectName.getField('CN')[0] ?? '';
      const wish = { commonName, usage: ExtendedKeyUsage.clientAuth, validity: validForDays(365) };
      return await certify(issuer, wish, request.publicKey);
    },
  };
};
