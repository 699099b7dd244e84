import { Mutex } from 'async-mutex';

/** Runs what it is given one after the other, in the order it was asked. */
export type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>;

export const createOneAtATime = (): OneAtATime => {
  const mutex = new Mutex();
  return (work) => mutex.runExclusive(work);
};
