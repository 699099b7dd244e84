import { crc32 } from 'node:zlib';

const CHECKSUM_DIGITS = 8;

const checksum = (key: string, text: string): string =>
  crc32(`${key}${text}`).toString(16).padStart(CHECKSUM_DIGITS, '0');

/** A value that shows whether it is still what was written under this key: LevelDB does not look on its own. */
export const addChecksum = (key: string, text: string): string => `${checksum(key, text)} ${text}`;

/** The text, or `null` when the value was damaged or belongs to another key. */
export const verifyChecksum = (key: string, value: string): string | null => {
  const text = value.slice(CHECKSUM_DIGITS + 1);
  return value === addChecksum(key, text) ? text : null;
};
