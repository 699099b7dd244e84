import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const DAY_MS = 86_400_000;

/**
 * Days until the first certificate of a PEM file is no longer valid, negative afterwards; `null` where the file cannot
 * be read as one. Whole days, as a person counts them.
 */
export const certificateDaysLeft = async (file: string, wallMs: number): Promise<number | null> => {
  try {
    const { validTo } = new X509Certificate(await readFile(file));
    return Math.floor((Date.parse(validTo) - wallMs) / DAY_MS);
  } catch {
    return null;
  }
};
