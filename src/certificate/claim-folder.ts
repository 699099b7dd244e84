import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile, syncFolder } from '../store/durable-file.ts';
import { createCertificateRequest } from './certificate-authority.ts';

/**
 * The claim as it lies on every card of a fleet, in one folder beside the configuration: where to register, and the
 * certificate and key that all cards share. How far this card has come is kept there too, until the folder is removed.
 */
export const claimFolderOf = (configFolder: string) => {
  const folder = join(configFolder, 'claim');
  return {
    folder,
    settings: join(folder, 'claim.yaml'),
    certificate: join(folder, 'claim.pem'),
    privateKey: join(folder, 'claim.key'),
    progress: join(folder, 'progress.json'),
  };
};

export type ClaimFolder = ReturnType<typeof claimFolderOf>;

const registrationSchema = z.object({
  stationId: z.string(),
  name: z.string(),
  endpoint: z.string(),
  topicPrefix: z.string().optional(),
  /** By which it was registered, and may be again. */
  template: z.string(),
});

/** Who this card is, as the cloud has answered. */
export type Registration = Readonly<z.infer<typeof registrationSchema>>;

const progressSchema = z.object({
  /** Of the board that this was made on, so that a copied card starts anew; or of the certificate that is renewed. */
  serial: z.string(),
  privateKey: z.string(),
  signingRequest: z.string(),
  /** Not in force before it is registered with its token, within an hour. */
  issued: z.object({ certificate: z.string(), token: z.string() }).optional(),
  registration: registrationSchema.optional(),
});

/** How far a card has come. Each step is on the disk before the next one is taken. */
export type ClaimProgress = Readonly<z.infer<typeof progressSchema>>;

export const saveProgress = (file: string, progress: ClaimProgress): Promise<void> =>
  replaceFile(file, JSON.stringify(progress), { mode: 0o600 });

/** `null` for none, a damaged one, and one of another board than this; a `null` board has no number to compare. */
export const readProgress = async (file: string, serial: string | null): Promise<ClaimProgress | null> => {
  try {
    const progress = progressSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return serial === null || progress.serial === serial ? progress : null;
  } catch {
    return null;
  }
};

/** Goes on where this card has stopped, or begins with a new key and a request in this name. */
export const resumeProgress = async (
  file: string,
  serial: string,
  commonName = serial,
): Promise<ClaimProgress> => {
  const known = await readProgress(file, serial);
  if (known !== null) return known;
  const progress = { serial, ...(await createCertificateRequest(commonName)) };
  await saveProgress(file, progress);
  return progress;
};

/** The progress goes last: without it nobody would know that the rest is to be removed. */
export const removeClaim = async ({
  folder,
  settings,
  certificate,
  privateKey,
}: ClaimFolder): Promise<void> => {
  for (const file of [privateKey, certificate, settings]) await rm(file, { force: true });
  await syncFolder(folder);
  await rm(folder, { recursive: true });
  await syncFolder(join(folder, '..'));
};

/** Where the firmware of the board writes its number: a Raspberry Pi has 16 hexadecimal digits. */
const SERIAL_FILES = [
  '/proc/device-tree/serial-number',
  '/sys/firmware/devicetree/base/serial-number',
] as const;

export const SERIAL = /^[0-9a-z][0-9a-z._-]{3,63}$/;

/** Of this board, in small letters; `null` where it has none. */
export const readBoardSerial = async (files: readonly string[] = SERIAL_FILES): Promise<string | null> => {
  for (const file of files) {
    const text = await readFile(file, 'latin1').catch(() => '');
    const serial = text.replaceAll('\0', '').trim().toLowerCase();
    if (SERIAL.test(serial) && !/^0+$/.test(serial)) return serial;
  }
  return null;
};
