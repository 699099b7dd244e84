import { readFileSync } from 'node:fs';

/**
 * Bytes that this process caused to be written to storage, as the kernel counts them (proc_pid_io(5), write_bytes:
 * whole pages, journal excluded). The fallback answers where the kernel does not count.
 */
export const processWrittenBytes = (fallback: () => number, path = '/proc/self/io'): number => {
  try {
    const bytes = /^write_bytes: (\d+)$/m.exec(readFileSync(path, 'utf8'))?.[1];
    return bytes === undefined ? fallback() : Number(bytes);
  } catch {
    return fallback();
  }
};
