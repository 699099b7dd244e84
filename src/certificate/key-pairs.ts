import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { otherKindOf } from '../config/text-file.ts';
import { errorCode } from '../weather/format.ts';

/** A private key and the certificate that was issued for it. */
export type KeyPair = {
  /** PEM, with the chain that may follow it. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
  readonly validFromMs: number;
  readonly validToMs: number;
  /** The file of the certificate. */
  readonly certificateFile: string;
};

export type KeyPairFiles = {
  readonly certificate: string;
  readonly privateKey: string;
  /** Where renewed keys (`*.key`) and certificates (`*.pem`) are put; it may be missing. */
  readonly renewals: string;
};

type FoundKeyPairs = {
  readonly pairs: readonly KeyPair[];
  /** For a person: certificates without their key, and configured files that cannot be used. */
  readonly problems: readonly string[];
};

/** The folder of renewed keys and certificates below the state directory. */
export const renewalsIn = (stateDirectory: string): string => join(stateDirectory, 'credentials');

type Key = { readonly file: string; readonly pem: string; readonly key: KeyObject };

const FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'it may not be read',
  ELOOP: 'a loop of symbolic links',
};

class NoFile extends Error {}

/** Reading a pipe or a device may never end, and keeps the process from ending. */
export const readPem = async (file: string): Promise<string> => {
  const kind = otherKindOf(await stat(file));
  if (kind !== null) throw new NoFile(`it is ${kind}`);
  return await readFile(file, 'utf8');
};

/** Why a file cannot be used, for a person. */
const reasonOf = (error: unknown, form: string): string => {
  if (error instanceof NoFile) return error.message;
  const code = errorCode(error);
  return FAILURES[code] ?? (/^E[A-Z]+$/.test(code) ? code : `it holds no ${form}`);
};

const filesIn = async (directory: string, extension: string): Promise<string[]> => {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => name.endsWith(extension))
    .sort()
    .map((name) => join(directory, name));
};

const readKey = async (file: string): Promise<Key> => {
  const pem = await readPem(file);
  return { file, pem, key: createPrivateKey(pem) };
};

const isKey = (result: Key | null): result is Key => result !== null;

/**
 * Reads every key and every certificate that this station has, and puts together those that belong to each other. A
 * certificate without its key is a problem; a key without a certificate waits for one.
 */
export const readKeyPairs = async (files: KeyPairFiles): Promise<FoundKeyPairs> => {
  const problems: string[] = [];
  const configuredKey = await readKey(files.privateKey).catch((error: unknown) => {
    problems.push(
      `the private key ${files.privateKey} cannot be used: ${reasonOf(error, 'private key (PEM)')}`,
    );
    return null;
  });
  const renewedKeys = await Promise.all(
    (await filesIn(files.renewals, '.key')).map((file) => readKey(file).catch(() => null)),
  );
  const keys = [configuredKey, ...renewedKeys].filter(isKey);
  const pairs: KeyPair[] = [];
  for (const file of [files.certificate, ...(await filesIn(files.renewals, '.pem'))]) {
    try {
      const certificate = await readPem(file);
      const parsed = new X509Certificate(certificate);
      const key = keys.find((each) => parsed.checkPrivateKey(each.key));
      if (key === undefined)
        problems.push(`the certificate ${file} was issued for another key than ${files.privateKey}`);
      else pairs.push(pairOf(parsed, certificate, key.pem, file));
    } catch (error) {
      problems.push(`the certificate ${file} cannot be used: ${reasonOf(error, 'certificate (PEM)')}`);
    }
  }
  return { pairs, problems };
};

const pairOf = (
  parsed: X509Certificate,
  certificate: string,
  privateKey: string,
  certificateFile: string,
): KeyPair => ({
  certificate,
  privateKey,
  fingerprint: parsed.fingerprint256,
  validFromMs: Date.parse(parsed.validFrom),
  validToMs: Date.parse(parsed.validTo),
  certificateFile,
});

/** The pair that two PEM texts make; `null` where they do not belong together. */
export const keyPairOf = (
  certificate: string,
  privateKey: string,
  certificateFile: string,
): KeyPair | null => {
  try {
    const parsed = new X509Certificate(certificate);
    return parsed.checkPrivateKey(createPrivateKey(privateKey))
      ? pairOf(parsed, certificate, privateKey, certificateFile)
      : null;
  } catch {
    return null;
  }
};
