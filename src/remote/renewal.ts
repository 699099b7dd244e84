import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClaimProgress, resumeProgress } from '../certificate/claim-folder.ts';
import type { DeviceCredentials } from '../certificate/device-credentials.ts';
import type { KeyPair } from '../certificate/key-pairs.ts';
import type { Log } from '../log.ts';
import { Registering } from '../mqtt/fleet-provisioning.ts';
import { type Connect, ConnectError } from '../mqtt/publisher.ts';
import { replaceFile } from '../store/durable-file.ts';
import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import { formatError } from '../weather/format.ts';

export type RenewalParts = {
  readonly stationId: string;
  readonly endpoint: string;
  /** Name of the provisioning template. */
  readonly template: string;
  /** The folder of renewed keys and certificates. */
  readonly renewals: string;
  readonly credentials: Pick<DeviceCredentials, 'current'>;
  /** A connection beside that of the readings. */
  readonly connectWith: (pair: KeyPair) => Connect;
  readonly clock: Clock;
  readonly log: Log;
};

const DAY_MS = 86_400_000;
const LOOK_EVERY_MS = 3_600_000;
const BEFORE_END_MS = 30 * DAY_MS;

/** A month before its end, or for the last third of a shorter life. */
const isDue = ({ validFromMs, validToMs }: KeyPair, wallMs: number): boolean =>
  validToMs - wallMs < Math.min(BEFORE_END_MS, (validToMs - validFromMs) / 3);

/**
 * Gets a certificate for a new key before that of the station ends, over a connection of its own. Asks once a day. The new
 * pair goes where the daemon looks for one, which tries it and keeps the old one until the new one works.
 */
export class Renewal {
  readonly #parts: RenewalParts;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #told: string | undefined;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    while (!signal.aborted) {
      await pause(clock, LOOK_EVERY_MS, signal);
      if (signal.aborted) return;
      // A disk that is full or read-only: readings go on.
      await this.#look(signal).catch((error: unknown) => {
        const reason = formatError(error);
        this.#tell(() => log.warn({ reason }, 'the certificate could not be renewed'), reason);
      });
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { credentials, clock, log, renewals, stationId } = this.#parts;
    const pair = credentials.current();
    if (pair === null || !isDue(pair, clock.wallMs())) return;
    if (clock.monotonicMs() - this.#askedAtMs < DAY_MS) return;
    this.#askedAtMs = clock.monotonicMs();
    await mkdir(renewals, { recursive: true, mode: 0o700 });
    // The pair that it is to follow names the attempt: a new pair that does not work is not followed by ever more.
    const progressFile = join(renewals, 'renewal.json');
    const progress = await resumeProgress(progressFile, pair.fingerprint, stationId);
    if (progress.registration === undefined) {
      const reason = await this.#register(pair, progressFile, progress, signal);
      if (signal.aborted) return;
      if (reason !== null)
        return this.#tell(() => log.warn({ reason }, 'the certificate could not be renewed'), reason);
    }
    await this.#bring(await resumeProgress(progressFile, pair.fingerprint, stationId));
  }

  /** Why it failed, or `null`. */
  async #register(
    pair: KeyPair,
    progressFile: string,
    progress: ClaimProgress,
    signal: AbortSignal,
  ): Promise<string | null> {
    const { stationId, endpoint, template, connectWith, clock } = this.#parts;
    const parameters = { StationId: stationId };
    const registering = new Registering({ progressFile, template, parameters, endpoint, clock });
    try {
      const connection = await connectWith(pair)(signal);
      try {
        const outcome = await registering.attempt(connection, progress, signal);
        if ('kind' in outcome) return outcome.reason;
        return outcome.stationId === stationId ? null : `it was registered for ${outcome.stationId}`;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (error instanceof ConnectError) return error.end.reason;
      throw error;
    }
  }

  /** The key first: a certificate without its key is a problem. */
  async #bring({ privateKey, issued, registration }: ClaimProgress): Promise<void> {
    const { renewals, stationId, log } = this.#parts;
    if (issued === undefined || registration?.stationId !== stationId) return;
    await replaceFile(join(renewals, 'renewed.key'), privateKey, { mode: 0o600 });
    await replaceFile(join(renewals, 'renewed.pem'), issued.certificate, { mode: 0o600 });
    const line = 'a new certificate is tried; when it works, cloud:revoke takes the old one away';
    this.#tell(() => log.info({ certificate: 'renewed.pem' }, line), line);
  }

  #tell(write: () => void, what: string): void {
    if (this.#told !== what) write();
    this.#told = what;
  }
}
