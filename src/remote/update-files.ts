import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Log } from '../log.ts';
import { errorCode } from '../weather/format.ts';

/** How a release gets to systemd/update.sh, which runs as root, and how its answer comes back. */
export type UpdatePlaces = {
  /** The daemon's: root reads it with the rights of the daemon's user, and believes nothing in it. */
  readonly drop: string;
  /** Root's. */
  readonly results: string;
  /** Whose signatures are taken; without this file there are no updates. */
  readonly allowedSigners: string;
};

export const updatePlaces: UpdatePlaces = {
  drop: '/var/lib/weather-gateway/update',
  results: '/var/lib/weather-gateway-update/results',
  allowedSigners: '/etc/weather-gateway/allowed_signers',
};

/** What `npm run release` makes for an architecture. */
export type SignedRelease = {
  /** Text of the files `.json` and `.json.sig`. */
  readonly manifest: string;
  readonly signature: string;
  /** Path of a file in the drop directory, which is moved. */
  readonly archive: string;
};

const PACKAGED = '/usr/lib/weather-gateway/';

/** Why this station takes no update, or `null`. `release` is the folder of the one that runs. */
export const updateHindrance = (
  release: string,
  { results, allowedSigners }: UpdatePlaces,
): string | null => {
  if (release.startsWith(PACKAGED))
    return 'this station has the Debian package, whose versions are apt’s: sudo apt install ./weather-gateway_VERSION_ARCHITECTURE.deb';
  if (!existsSync(results)) return 'updates are for stations that systemd/install.sh installed';
  if (!existsSync(allowedSigners))
    return `no signer is allowed here: put the public keys into ${allowedSigners} (docs/operations.md)`;
  return null;
};

const RESULT_STATES = ['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED'] as const;

/**
 * What became of an update, as update.sh writes it. `REJECTED` where no repetition can help, `FAILED` where one may. The step is
 * the one that was reached: requested, copied, verified, unpacked, installing, restarting, trial, committed.
 */
const updateResult = z.object({
  id: z.string(),
  version: z.string().nullable(),
  state: z.enum(RESULT_STATES),
  step: z.string(),
  reason: z.string().nullable(),
});
export type UpdateResult = z.output<typeof updateResult>;

/** Names an update in its request and its result. */
const updateId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

/** Whether the release that runs may yet be taken back by update.sh. */
export const isOnTrial = ({ results }: UpdatePlaces): boolean => existsSync(join(dirname(results), 'trial'));

/** The id of the release that waits for the unit, or `null`. */
export const waitingRequest = async ({ drop }: Pick<UpdatePlaces, 'drop'>): Promise<string | null> => {
  try {
    return await readFile(join(drop, 'request'), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
};

/** Nobody came for it. */
export const takeBackRequest = async ({ drop }: UpdatePlaces): Promise<void> => {
  for (const name of ['request', 'release.tar.gz', 'manifest.json', 'manifest.json.sig'])
    await rm(join(drop, name), { force: true });
};

/**
 * Puts a release where the unit weather-gateway-update.path looks for it. Resolves with whether it was put there: not while
 * another one waits.
 */
export const dropRelease = async (
  { drop }: UpdatePlaces,
  id: string,
  { manifest, signature, archive }: SignedRelease,
): Promise<boolean> => {
  const request = join(drop, 'request');
  await mkdir(drop, { recursive: true, mode: 0o700 });
  if ((await waitingRequest({ drop })) !== null) return false;
  await writeFile(join(drop, 'manifest.json'), manifest);
  await writeFile(join(drop, 'manifest.json.sig'), signature);
  await rename(archive, join(drop, 'release.tar.gz'));
  // The unit starts as soon as the name is there: the text must be, too.
  const draft = join(drop, `request-${updateId.parse(id)}`);
  try {
    await writeFile(draft, id);
    await link(draft, request);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

/** `null` where update.sh has said nothing of this update. */
export const readUpdateResult = async (
  { results }: UpdatePlaces,
  id: string,
): Promise<UpdateResult | null> => {
  try {
    return updateResult.parse(
      JSON.parse(await readFile(join(results, `${updateId.parse(id)}.json`), 'utf8')),
    );
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
};

type WorkingReleaseParts = {
  /** The state directory. */
  readonly directory: string;
  /** The folder of the release that runs, links resolved. */
  readonly release: string;
  readonly version: string;
  readonly bootId: string;
  readonly log: Log;
};

/**
 * The proof that this release works, for systemd/update.sh, which keeps a release on trial only with one. Written once in each
 * run, by a rename. It names release and boot, so that no other one is taken for it, and needs no sync: after a power cut the
 * boot is another.
 */
export class WorkingRelease {
  readonly #parts: WorkingReleaseParts;
  #isWritten = false;

  constructor(parts: WorkingReleaseParts) {
    this.#parts = parts;
  }

  /** Never rejects: the next PUBACK tries again. */
  async prove(): Promise<void> {
    const { directory, release, version, bootId, log } = this.#parts;
    if (this.#isWritten) return;
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
