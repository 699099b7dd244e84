import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import type { Progress } from '../measuring/progress.ts';

export type WorkingReleaseParts = {
  /** The state directory. */
  readonly directory: string;
  /** The folder of the release that runs, links resolved. */
  readonly release: string;
  readonly version: string;
  readonly bootId: string;
  readonly progress: Pick<Progress, 'hasSampled' | 'hasStored'>;
  readonly log: Log;
};

/**
 * The proof that this release works, for systemd/update.sh, which keeps a release on trial only with one: it has sampled, stored
 * and had a PUBACK for a reading. Written once in each run, by a rename. It names release and boot, so that no other one is
 * taken for it, and needs no sync: after a power cut the boot is another.
 */
export class WorkingRelease {
  readonly #parts: WorkingReleaseParts;
  #isWritten = false;

  constructor(parts: WorkingReleaseParts) {
    this.#parts = parts;
  }

  /** A reading had its PUBACK. Never rejects: the next PUBACK tries again. */
  async noteDelivered(): Promise<void> {
    const { directory, release, version, bootId, progress, log } = this.#parts;
    if (this.#isWritten || !progress.hasSampled() || !progress.hasStored()) return;
    this.#isWritten = true;
    const file = join(directory, 'working.json');
    try {
      await writeFile(`${file}.new`, JSON.stringify({ release, version, bootId }));
      await rename(`${file}.new`, file);
    } catch (error) {
      this.#isWritten = false;
      log.debug({ err: error }, 'the proof that this release works cannot be written');
    }
  }
}
