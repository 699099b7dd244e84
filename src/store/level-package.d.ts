import 'level';

/** The part of classic-level 3 that `level` hands on in Node, but leaves out of its types. */
declare module 'level' {
  interface Level<KDefault, VDefault> {
    compactRange(start: KDefault, end: KDefault): Promise<void>;
  }
}
