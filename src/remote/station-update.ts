import { createHash } from 'node:crypto';
import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import { type Details, fitDetails, type JobInHand, type Outcome } from './job-client.ts';
import type { ReleaseDownload } from './release-download.ts';
import type { SignedRelease, UpdateResult } from './update-files.ts';
import { parseManifest, type ReleaseManifest, type UpdateDocument } from './verbs.ts';

/** The way to the unit of root that installs releases. */
export type Installer = {
  /** Why this station takes no update; `null` where it does. */
  hindrance(): string | null;
  /** Whether the release that runs may yet be taken back. */
  isOnTrial(): boolean;
  /** The id of the release that waits for the unit. */
  waiting(): Promise<string | null>;
  /** Moves the archive to where the unit finds it. Resolves with whether it could: not while another one waits. */
  handOver(id: string, release: SignedRelease): Promise<boolean>;
  takeBack(): Promise<void>;
  /** `null` while the unit has said nothing of it. */
  result(id: string): Promise<UpdateResult | null>;
};

type StationUpdateParts = {
  /** Of the release that runs. */
  readonly version: string;
  /** As manifests name it: `linux-arm64`. */
  readonly architecture: string;
  readonly nodeAbi: number;
  readonly installer: Installer;
  readonly download: Pick<ReleaseDownload, 'fetch' | 'percent' | 'discard'>;
  readonly judgeUrl: (url: string) => string | null;
  readonly clock: Clock;
};

type Chosen = {
  readonly manifest: ReleaseManifest;
  readonly text: string;
  readonly signature: string;
  readonly url: string;
};

/** 7 MB at 400 bytes a second, while no reading waits. */
const DOWNLOAD_MS = 6 * 3_600_000;
const TELL_EVERY_MS = 60_000;
const LOOK_EVERY_MS = 2_000;
/** Whether AWS IoT still wants it: a job that was canceled is no job of the station's any more. */
const ASK_EVERY_MS = 300_000;
/** The unit waits for a running install.sh for 5 minutes. */
const ANSWER_MS = 600_000;

/** Of an execution of a job: one that is tried again is another update. A file of root has that name. */
const updateIdOf = ({ id, executionNumber }: Pick<JobInHand, 'id' | 'executionNumber'>): string => {
  const hash = createHash('sha256').update(`${id}#${executionNumber}`).digest('hex').slice(0, 16);
  return `${id.slice(0, 40)}-${hash}`;
};

/**
 * Does the job `update`: fetches the archive, hands it to the unit of root, and reports what the unit says. Nothing is remembered
 * but the files of both, so the job goes on after each reboot, in whichever release runs then.
 */
export class StationUpdate {
  readonly #parts: StationUpdateParts;
  #begun: { readonly id: string; readonly atMs: number } | null = null;

  constructor(parts: StationUpdateParts) {
    this.#parts = parts;
  }

  /** AWS IoT has no job for this station. */
  async noteIdle(): Promise<void> {
    this.#begun = null;
    await this.#parts.download.discard();
  }

  /** `null`: nothing to report now, the job is asked for again. */
  async run(document: UpdateDocument, job: JobInHand): Promise<Outcome | null> {
    const { installer } = this.#parts;
    const id = updateIdOf(job);
    if ((await installer.result(id)) !== null || (await installer.waiting()) === id)
      return await this.#follow(id, job);
    const chosen = this.#choose(document);
    if (!('manifest' in chosen)) return chosen;
    const archive = await this.#fetch(id, chosen, job);
    if (archive === null) return null;
    const { text: manifest, signature } = chosen;
    if (!(await installer.handOver(id, { manifest, signature, archive }))) {
      await this.#parts.download.discard();
      return this.#end('FAILED', { problem: 'another release waits to be installed; send it again later' });
    }
    return await this.#follow(id, job);
  }

  #end(status: Outcome['status'], details: Readonly<Record<string, string | undefined>>): Outcome {
    return { status, details: fitDetails({ ...details, version: this.#parts.version }) };
  }

  /** What this station would fetch, or why it ends here. Root judges all of it again, and by its own copy. */
  #choose({ releases }: UpdateDocument): Chosen | Outcome {
    const { version, architecture, nodeAbi, installer, judgeUrl } = this.#parts;
    const reject = (problem: string): Outcome => this.#end('REJECTED', { problem });
    const offered = releases.flatMap(({ manifest: text, signature, url }) => {
      const manifest = parseManifest(text);
      return manifest === undefined ? [] : [{ manifest, text, signature, url }];
    });
    const chosen = offered.find(({ manifest }) => manifest.architecture === architecture);
    if (chosen === undefined) {
      const names = offered.map(({ manifest }) => manifest.architecture).join(', ');
      return reject(`it is for ${names}, this machine is ${architecture}`);
    }
    if (installer.isOnTrial())
      return this.#end('FAILED', { problem: 'another release is on trial; send it again later' });
    if (chosen.manifest.version === version) return this.#end('SUCCEEDED', { result: 'it runs already' });
    const hindrance = installer.hindrance();
    if (hindrance !== null) return reject(hindrance);
    if (chosen.manifest.nodeAbi !== nodeAbi)
      return reject(`it is for Node ABI ${chosen.manifest.nodeAbi}, the Node.js here has ${nodeAbi}`);
    const problem = judgeUrl(chosen.url);
    return problem === null ? chosen : reject(problem);
  }

  /** `null` where the connection ends, or AWS IoT does not want it any more. */
  async #fetch(id: string, { manifest, url }: Chosen, job: JobInHand): Promise<string | null> {
    const { clock, download } = this.#parts;
    if (this.#begun?.id !== id) this.#begun = { id, atMs: clock.monotonicMs() };
    const stopped = new AbortController();
    const stop = AbortSignal.any([job.connection, job.signal, stopped.signal]);
    const details = (): Details =>
      fitDetails({ step: 'downloading', release: manifest.version, percent: `${download.percent()}` });
    const telling = async (): Promise<void> => {
      while (!stop.aborted) {
        if (!(await job.tell(details()))) stopped.abort();
        await pause(clock, TELL_EVERY_MS, stop);
      }
    };
    const told = telling();
    try {
      return await download.fetch({ ...manifest, url, untilMs: this.#begun.atMs + DOWNLOAD_MS }, stop);
    } catch (error) {
      if (stop.aborted) return null;
      throw error;
    } finally {
      stopped.abort();
      await told;
    }
  }

  async #follow(id: string, job: JobInHand): Promise<Outcome | null> {
    const { clock, installer } = this.#parts;
    const stop = AbortSignal.any([job.connection, job.signal]);
    const sinceMs = clock.monotonicMs();
    let told = { step: '', atMs: 0 };
    while (!stop.aborted) {
      const result = await installer.result(id);
      if (result !== null && result.state !== 'IN_PROGRESS') return this.#outcomeOf(result, result.state);
      const nowMs = clock.monotonicMs();
      if (result === null && nowMs - sinceMs > ANSWER_MS) {
        await installer.takeBack();
        const problem = 'nobody took the release within 10 minutes: is weather-gateway-update.path enabled?';
        return this.#end('FAILED', { problem });
      }
      const step = result?.step ?? 'handed over';
      if (step !== told.step || nowMs - told.atMs > ASK_EVERY_MS) {
        if (!(await job.tell(fitDetails({ step, release: result?.version ?? undefined })))) return null;
        told = { step, atMs: nowMs };
      }
      await pause(clock, LOOK_EVERY_MS, stop);
    }
    return null;
  }

  #outcomeOf({ version, step, reason }: UpdateResult, state: Outcome['status']): Outcome {
    if (state === 'SUCCEEDED') return this.#end(state, {});
    return this.#end(state, {
      problem: reason ?? `it ended at ${step}`,
      step,
      release: version ?? undefined,
    });
  }
}
