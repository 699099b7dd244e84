import { replaceFile } from '../../src/store/durable-file.ts';
import { errorCode, formatError } from '../../src/weather/format.ts';

/** Writes a file of this machine, the whole of it or nothing; what prevents that is one line that names it. */
export const keepFile = async (file: string, content: string | Uint8Array, mode = 0o600): Promise<void> => {
  try {
    await replaceFile(file, content, { mode });
  } catch (error) {
    throw new Error(`${file} cannot be written (${errorCode(error) || formatError(error)})`);
  }
};
