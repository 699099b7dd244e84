import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Log } from '../log.ts';
import { replaceFile } from '../store/durable-file.ts';
import type { Clock } from '../time/clock.ts';
import { formatError } from '../weather/format.ts';
import { type KeyPair, type KeyPairFiles, keyPairOf, readKeyPairs } from './key-pairs.ts';

type DeviceCredentialsParts = {
  readonly files: KeyPairFiles;
  readonly clock: Clock;
  readonly log: Log;
};

/** The pair to connect with; `null` when no certificate has its key. */
export type Choice = {
  readonly pair: KeyPair | null;
  /** Whether another pair is known to work, so that this one has to prove itself. */
  readonly isTrial: boolean;
  /** For a person. */
  readonly problems: readonly string[];
};

/** A pair that was refused is tried again after this time: its policy may have been attached meanwhile. */
const RETRY_MS = 3_600_000;

const workingSchema = z.object({
  certificate: z.string(),
  privateKey: z.string(),
  /** Fingerprints of the pairs that were there when this one had its first PUBACK. */
  known: z.array(z.string()),
});

type Working = { readonly pair: KeyPair; readonly known: readonly string[] };

/**
 * Decides which key and certificate the station uses: always two that belong together. The pair that had a PUBACK is
 * kept in the state directory. A pair that appears later is tried first; when it has no PUBACK, the kept one is used
 * again and the new one is tried every hour.
 */
export class DeviceCredentials {
  readonly #parts: DeviceCredentialsParts;
  readonly #refusedAtMs = new Map<string, number>();
  #problems: readonly string[] = [];
  #current: KeyPair | null = null;

  constructor(parts: DeviceCredentialsParts) {
    this.#parts = parts;
  }

  /** The pair chosen last; `null` before the first choice. */
  current(): KeyPair | null {
    return this.#current;
  }

  /** What is wrong with the files, found at the last choice. */
  problem(): string | null {
    return this.#problems.length === 0 ? null : this.#problems.join('; ');
  }

  async choose(): Promise<Choice> {
    const { pair, isTrial, problems } = await this.preview();
    this.#current = pair;
    return { pair, isTrial, problems };
  }

  /** What `choose` would choose. */
  async preview(): Promise<Choice> {
    const { pairs, problems } = await readKeyPairs(this.#parts.files);
    this.#tell(problems);
    const working = await this.#readWorking();
    const others = pairs
      .filter(({ fingerprint }) => fingerprint !== working?.pair.fingerprint)
      .sort((a, b) => b.validFromMs - a.validFromMs);
    const isNew = ({ fingerprint }: KeyPair): boolean => working?.known.includes(fingerprint) !== true;
    const inOrder = [
      ...others.filter(isNew),
      ...(working === null ? [] : [working.pair]),
      ...others.filter((pair) => !isNew(pair)),
    ];
    const pair = inOrder.find((each) => !this.#isRefused(each)) ?? this.#refusedLongest(inOrder);
    const isTrial = pair !== null && inOrder.length > 1 && pair.fingerprint !== working?.pair.fingerprint;
    return { pair, isTrial, problems };
  }

  /** The pair had a PUBACK. */
  async noteWorked(pair: KeyPair): Promise<void> {
    this.#refusedAtMs.delete(pair.fingerprint);
    const working = await this.#readWorking();
    if (working?.pair.fingerprint === pair.fingerprint) return;
    const { files, log } = this.#parts;
    const { pairs } = await readKeyPairs(files);
    const known = pairs
      .filter((each) => !this.#refusedAtMs.has(each.fingerprint))
      .map(({ fingerprint }) => fingerprint);
    const { certificate, privateKey } = pair;
    try {
      await mkdir(files.renewals, { recursive: true, mode: 0o700 });
      // In one file, so that a power cut never leaves half a pair.
      await replaceFile(workingFile(files.renewals), JSON.stringify({ certificate, privateKey, known }), {
        mode: 0o600,
      });
      log.info(
        { certificate: pair.certificateFile, validUntil: new Date(pair.validToMs).toISOString() },
        'key and certificate work and are kept as a pair',
      );
    } catch (error) {
      const reason = formatError(error);
      log.warn({ reason }, 'key and certificate work but could not be kept');
    }
  }

  /** The pair was refused, or had no PUBACK. */
  noteRefused(pair: KeyPair, reason: string): void {
    const { clock, log } = this.#parts;
    if (!this.#refusedAtMs.has(pair.fingerprint))
      log.warn({ certificate: pair.certificateFile, reason }, 'this certificate does not work yet');
    this.#refusedAtMs.set(pair.fingerprint, clock.monotonicMs());
  }

  #isRefused({ fingerprint }: KeyPair): boolean {
    const atMs = this.#refusedAtMs.get(fingerprint);
    return atMs !== undefined && this.#parts.clock.monotonicMs() - atMs < RETRY_MS;
  }

  #refusedLongest(pairs: readonly KeyPair[]): KeyPair | null {
    const atMs = ({ fingerprint }: KeyPair): number => this.#refusedAtMs.get(fingerprint) ?? 0;
    return [...pairs].sort((a, b) => atMs(a) - atMs(b))[0] ?? null;
  }

  #tell(problems: readonly string[]): void {
    for (const problem of problems)
      if (!this.#problems.includes(problem)) this.#parts.log.warn({ problem }, 'key and certificate');
    this.#problems = problems;
  }

  async #readWorking(): Promise<Working | null> {
    const file = workingFile(this.#parts.files.renewals);
    try {
      const { certificate, privateKey, known } = workingSchema.parse(
        JSON.parse(await readFile(file, 'utf8')),
      );
      const pair = keyPairOf(certificate, privateKey, file);
      return pair === null ? null : { pair, known };
    } catch {
      // None yet, or damaged: the files of the configuration are still there.
      return null;
    }
  }
}

const workingFile = (renewals: string): string => join(renewals, 'working.json');
