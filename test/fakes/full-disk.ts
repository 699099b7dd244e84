import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const limitFiles = (bytes: string) => run('prlimit', ['--pid', `${process.pid}`, `--fsize=${bytes}:`]);

/** A limit for files stands for a full disk: the first 100 bytes of each are taken, and no more (EFBIG). */
export const onFullDisk = async <T>(work: () => Promise<T>): Promise<T> => {
  const ignore = (): void => undefined;
  process.on('SIGXFSZ', ignore);
  await limitFiles('100');
  try {
    return await work();
  } finally {
    await limitFiles('unlimited');
    process.off('SIGXFSZ', ignore);
  }
};
