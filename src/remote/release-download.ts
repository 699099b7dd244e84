import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { formatError } from '../weather/format.ts';
import { errorText, type GetRange, type RangeAnswer } from './bucket.ts';
import type { ReleaseManifest } from './verbs.ts';

type ReleaseDownloadParts = {
  /** The drop directory, in which the unit of root finds a release. */
  readonly folder: string;
  readonly getRange: GetRange;
  readonly clock: Clock;
  /** The link is left to readings that have to wait for it. */
  readonly readingsWait: () => boolean;
  /** 0 (included) to 1 (not). */
  readonly random?: () => number;
};

export type WantedRelease = Pick<ReleaseManifest, 'sha256' | 'size' | 'unpackedSize'> & {
  readonly url: string;
  /** On the monotonic clock. */
  readonly untilMs: number;
};

const ENDING = '.part';
/** As systemd/update.sh keeps free. */
const SPARE_BYTES = 50_000_000;
const BYTES_PER_MB = 1_000_000;
const LOOK_EVERY_MS = 2_000;
const RETRY_BASE_MS = 10_000;
const MAX_RETRY_MS = 600_000;
/** Too early or too often; asked again later, as after a fault of the server's. */
const TRANSIENT = [408, 425, 429];
const OTHER_SIZE = 'the archive in the bucket has another size than its manifest says';

/** The link, or the server for a while: it is tried again. */
class Interruption extends Error {}

/** Why success is none: another archive, or another part of it. */
const mismatchOf = (
  { status, contentRange, contentLength }: RangeAnswer,
  from: number,
  size: number,
): string => {
  const whole = status === 206 ? Number(/\/(\d+)$/.exec(contentRange ?? '')?.[1]) : Number(contentLength);
  if (Number.isFinite(whole) && whole !== size) return OTHER_SIZE;
  if (status === 200) return 'the bucket does not say how much it sends';
  const part = contentRange ?? 'a part of which it does not say the place';
  return `the bucket sends ${part}, asked for all from byte ${from}`;
};

/**
 * From which byte on a good answer holds the archive: the one that was asked for, or 0, since no server has to know ranges. Rejects with
 * why the answer is no good.
 */
const startOf = async (answer: RangeAnswer, from: number, size: number): Promise<number> => {
  const { status, contentRange, contentLength } = answer;
  if (status >= 500 || TRANSIENT.includes(status)) throw new Interruption(`the bucket answers ${status}`);
  if (status === 403) {
    const isExpired = /expired/i.test(await errorText(answer).catch(() => ''));
    const reason = isExpired
      ? 'the url has expired: send the update again'
      : 'the url is not for this archive';
    throw new Error(`the bucket answers 403: ${reason}`);
  }
  if (status === 404) throw new Error('the bucket answers 404: the archive is not there any more');
  if (status === 206 && contentRange === `bytes ${from}-${size - 1}/${size}`) return from;
  if (status === 200 && contentLength === size) return 0;
  if (status === 416) throw new Error(OTHER_SIZE);
  if (status === 206 || status === 200) throw new Error(mismatchOf(answer, from, size));
  throw new Error(`the bucket answers ${status}`);
};

/** Whatever was fetched before stays where the link breaks, the daemon ends or the machine reboots, and is not fetched again. */
export class ReleaseDownload {
  readonly #parts: ReleaseDownloadParts;
  #file: { readonly name: string; readonly size: number; bytes: number } | null = null;

  constructor(parts: ReleaseDownloadParts) {
    this.#parts = parts;
  }

  /** Whole percent of the archive that is fetched at present. */
  percent(): number {
    return this.#file === null ? 0 : Math.floor((this.#file.bytes / this.#file.size) * 100);
  }

  /** Nobody wants what was fetched. */
  async discard(): Promise<void> {
    await this.#removeParts(null);
  }

  /**
   * Resolves with the file, which is what the manifest says. Rejects with what no repetition mends soon: a disk without room, a
   * URL that has expired, another archive than the manifest says, or that it took too long. What breaks is tried again until then.
   */
  async fetch(wanted: WantedRelease, stop: AbortSignal): Promise<string> {
    const { folder } = this.#parts;
    const { sha256, size } = wanted;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const name = `${sha256}${ENDING}`;
    await this.#removeParts(name);
    const path = join(folder, name);
    const handle = await open(path, 'a', 0o600);
    try {
      const { size: found } = await handle.stat();
      this.#file = { name, size, bytes: found };
      if (found > size) await this.#restart(handle);
      await this.#ensureRoom(wanted);
      const wasResumed = this.#file.bytes > 0;
      await this.#fill(handle, wanted, stop);
      let isIntact = await this.#isIntact(path, sha256);
      // A power cut may have left zeros where bytes were.
      if (!isIntact && wasResumed) {
        await this.#restart(handle);
        await this.#fill(handle, wanted, stop);
        isIntact = await this.#isIntact(path, sha256);
      }
      if (!isIntact) throw new Error('the archive in the bucket has another hash than its manifest says');
      await handle.sync();
      return path;
    } catch (error) {
      // The room belongs to readings.
      if (!stop.aborted) await rm(path, { force: true });
      throw error;
    } finally {
      this.#file = null;
      await handle.close();
    }
  }

  async #removeParts(kept: string | null): Promise<void> {
    const { folder } = this.#parts;
    const names = await readdir(folder).catch(() => []);
    for (const name of names)
      if (name.endsWith(ENDING) && name !== kept)
        await rm(join(folder, name), { force: true }).catch(() => undefined);
  }

  async #restart(handle: FileHandle): Promise<void> {
    await handle.truncate(0);
    if (this.#file !== null) this.#file.bytes = 0;
  }

  /** Root needs a copy of its own, and the unpacked release beside it. */
  async #ensureRoom({ size, unpackedSize }: WantedRelease): Promise<void> {
    const { bavail, bsize } = await statfs(this.#parts.folder);
    const neededBytes = 2 * size - (this.#file?.bytes ?? 0) + unpackedSize + SPARE_BYTES;
    const mb = (bytes: number): number => Math.ceil(bytes / BYTES_PER_MB);
    if (bavail * bsize < neededBytes)
      throw new Error(
        `the disk has no room: ${mb(bavail * bsize)} MB are free, ${mb(neededBytes)} MB are needed`,
      );
  }

  async #fill(handle: FileHandle, wanted: WantedRelease, stop: AbortSignal): Promise<void> {
    const { clock, random = Math.random } = this.#parts;
    const backoff = new Backoff({ baseMs: RETRY_BASE_MS, random: () => 0.5 + random() / 2 });
    const file = this.#file;
    if (file === null) return;
    while (file.bytes < wanted.size) {
      const before = file.bytes;
      try {
        await this.#letReadingsGo(wanted, stop);
        await this.#take(handle, wanted, stop);
      } catch (error) {
        stop.throwIfAborted();
        if (!(error instanceof Interruption)) throw error;
        if (file.bytes > before) backoff.reset();
        this.#ensureTime(wanted, error.message);
        await clock.sleep(backoff.nextMs(MAX_RETRY_MS), stop);
      }
    }
  }

  #ensureTime({ untilMs }: WantedRelease, why: string): void {
    if (this.#parts.clock.monotonicMs() < untilMs) return;
    throw new Error(`not downloaded in time, ${this.percent()} % are here: ${why}`);
  }

  async #letReadingsGo(wanted: WantedRelease, stop: AbortSignal): Promise<void> {
    const { clock, readingsWait } = this.#parts;
    while (readingsWait()) {
      this.#ensureTime(wanted, 'readings wait for the link');
      await clock.sleep(LOOK_EVERY_MS, stop);
    }
  }

  /** One request, as far as it goes. The server is not read from while readings wait. */
  async #take(handle: FileHandle, wanted: WantedRelease, stop: AbortSignal): Promise<void> {
    const { getRange } = this.#parts;
    const file = this.#file;
    if (file === null) return;
    const interrupt = (error: unknown): never => {
      throw new Interruption(formatError(error));
    };
    const answer = await getRange(wanted.url, file.bytes, stop).catch(interrupt);
    try {
      const start = await startOf(answer, file.bytes, wanted.size);
      if (start !== file.bytes) await this.#restart(handle);
      const chunks = answer.body[Symbol.asyncIterator]();
      for (;;) {
        const { done, value } = await chunks.next().catch(interrupt);
        if (done === true) break;
        if (file.bytes + value.length > wanted.size) throw new Error(OTHER_SIZE);
        await handle.appendFile(value);
        file.bytes += value.length;
        this.#ensureTime(wanted, 'the link is slow');
        await this.#letReadingsGo(wanted, stop);
        stop.throwIfAborted();
      }
    } finally {
      answer.close();
    }
    if (file.bytes < wanted.size) throw new Interruption('the bucket sent less than it announced');
  }

  async #isIntact(path: string, sha256: string): Promise<boolean> {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex') === sha256;
  }
}
