import type { Finding } from '../doctor/check.ts';
import type { LogLevel } from '../log.ts';
import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import type { GetRange } from './bucket.ts';
import { fitDetails, type JobInHand, type Outcome, type Tell } from './job-client.ts';
import type { Installer, StationUpdate } from './station-update.ts';
import type { JobDocument } from './verbs.ts';

/** Ordered by a job, for a time. */
export type OrderedLogLevel = { readonly level: string; readonly secondsLeft: number };

/** What a job may do with this station; the process environment makes them real. */
export type StationActions = {
  /** Of the machine. */
  readonly bootId: string;
  /** Of this run of the daemon. */
  readonly runId: string;
  readonly version: string;
  readonly configuredLogLevel: LogLevel;
  readonly setLogLevel: (level: LogLevel) => void;
  readonly doctor: () => Promise<readonly Finding[]>;
  /** The gzip that `weather-gateway diagnostics` writes. */
  readonly diagnostics: () => Promise<Buffer>;
  /** Why nothing may be uploaded there; `null` where it may. */
  readonly judgeBucketUrl: (url: string) => string | null;
  /** Rejects with why it failed. */
  readonly upload: (url: string, content: Buffer, signal: AbortSignal) => Promise<void>;
  /** `hindrance`: why nobody would start the daemon again. */
  readonly restart: { readonly hindrance: string | null; readonly begin: () => void };
  /** `hindrance`: why nobody would reboot the machine. */
  readonly reboot: {
    readonly hindrance: string | null;
    readonly begin: () => Promise<void>;
    readonly takeBack: () => Promise<void>;
  };
  readonly updates: {
    readonly installer: Installer;
    /** Where the archive of a release is downloaded to, and found by the unit that installs it. */
    readonly folder: string;
    readonly getRange: GetRange;
    /** As manifests name it: `linux-arm64`. */
    readonly architecture: string;
    readonly nodeAbi: number;
  };
};

type StationVerbsParts = {
  readonly actions: StationActions;
  readonly update: Pick<StationUpdate, 'run' | 'noteIdle'>;
  readonly clock: Clock;
};

const MINUTE_MS = 60_000;
/** Of the daemon and of the machine: what goes wrong with a restart must not become a loop. */
const MIN_UPTIME_BEFORE_RESTART_MS = MINUTE_MS;
const MIN_UPTIME_BEFORE_REBOOT_MS = 5 * MINUTE_MS;
/** How long systemd gets to end this process. */
const END_MS = MINUTE_MS;
const MAX_FAILURES_TOLD = 6;

const outcome = (status: Outcome['status'], details: Readonly<Record<string, string>>): Outcome => ({
  status,
  details: fitDetails(details),
});
const succeeded = (details: Readonly<Record<string, string>>): Outcome => outcome('SUCCEEDED', details);
const failed = (problem: string): Outcome => outcome('FAILED', { problem });
const rejected = (problem: string): Outcome => outcome('REJECTED', { problem });

const findingsOutcome = (findings: readonly Finding[]): Outcome => {
  const passed = findings.filter(({ isPassed }) => isPassed);
  const failures = findings.filter(({ isPassed }) => !isPassed);
  const told = failures
    .slice(0, MAX_FAILURES_TOLD)
    .map(({ name, detail, remedy }, index): [string, string] => [
      `failure${index + 1}`,
      `${name}: ${detail}${remedy === null ? '' : ` -> ${remedy}`}`,
    ]);
  return succeeded({
    result: `${passed.length} of ${findings.length} checks pass`,
    passed: passed.map(({ name }) => name).join(', '),
    ...Object.fromEntries(told),
  });
};

/** Does what a job asks. What a job began is remembered in its status details, which come back with it after a restart. */
export class StationVerbs {
  readonly #actions: StationActions;
  readonly #update: StationVerbsParts['update'];
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  #level: { readonly level: LogLevel; readonly endsAtMs: number; readonly over: AbortController } | null =
    null;

  constructor({ actions, update, clock }: StationVerbsParts) {
    this.#actions = actions;
    this.#update = update;
    this.#clock = clock;
    this.#startedAtMs = clock.monotonicMs();
  }

  logLevel(): OrderedLogLevel | null {
    if (this.#level === null) return null;
    const { level, endsAtMs } = this.#level;
    return { level, secondsLeft: Math.max(0, endsAtMs - this.#clock.monotonicMs()) / 1_000 };
  }

  /** AWS IoT has no job for this station. */
  noteIdle(): Promise<void> {
    return this.#update.noteIdle();
  }

  /** `null`: nothing to report now, the job is asked for again. */
  async run(document: JobDocument, job: JobInHand): Promise<Outcome | null> {
    const { begun, tell, signal } = job;
    switch (document.verb) {
      case 'doctor':
        return findingsOutcome(await this.#actions.doctor());
      case 'diagnostics':
        return await this.#diagnostics(document.url, tell, signal);
      case 'restart':
        return await this.#restart(begun, tell, signal);
      case 'reboot':
        return await this.#reboot(begun, tell, signal);
      case 'log-level':
        return this.#setLogLevel(document.level, document.minutes, signal);
      case 'update':
        return await this.#update.run(document, job);
    }
  }

  async #diagnostics(url: string, tell: Tell, signal: AbortSignal): Promise<Outcome> {
    const { judgeBucketUrl, diagnostics, upload } = this.#actions;
    const problem = judgeBucketUrl(url);
    if (problem !== null) return rejected(problem);
    const content = await diagnostics();
    const bytes = String(content.length);
    await tell(fitDetails({ step: 'uploading', bytes }));
    await upload(url, content, signal);
    return succeeded({ bytes });
  }

  async #restart(begun: JobInHand['begun'], tell: Tell, signal: AbortSignal): Promise<Outcome | null> {
    const { runId, version, restart } = this.#actions;
    if (begun['step'] === 'restarting' && begun['run'] !== runId) return succeeded({ version, run: runId });
    if (restart.hindrance !== null) return rejected(restart.hindrance);
    if (begun['step'] !== 'restarting') {
      if (this.#clock.monotonicMs() - this.#startedAtMs < MIN_UPTIME_BEFORE_RESTART_MS)
        return failed('the daemon has run for less than a minute; send it again later');
      if (!(await tell(fitDetails({ step: 'restarting', run: runId })))) return null;
    }
    restart.begin();
    if (await this.#isEnding(signal)) return null;
    return failed('the daemon was not ended');
  }

  async #reboot(begun: JobInHand['begun'], tell: Tell, signal: AbortSignal): Promise<Outcome | null> {
    const { bootId, version, reboot } = this.#actions;
    // Boots have names; their times are off by seconds, or by years on a machine without a clock of its own.
    if (begun['step'] === 'rebooting' && begun['boot'] !== bootId)
      return succeeded({ version, boot: bootId });
    if (reboot.hindrance !== null) return rejected(reboot.hindrance);
    if (begun['step'] !== 'rebooting') {
      if (this.#clock.monotonicMs() < MIN_UPTIME_BEFORE_REBOOT_MS)
        return failed('the machine has run for less than 5 minutes; send it again later');
      if (!(await tell(fitDetails({ step: 'rebooting', boot: bootId })))) return null;
    }
    await reboot.begin();
    if (await this.#isEnding(signal)) return null;
    await reboot.takeBack();
    return failed('nothing rebooted the machine within a minute: is weather-gateway-reboot.path enabled?');
  }

  async #isEnding(signal: AbortSignal): Promise<boolean> {
    await pause(this.#clock, END_MS, signal);
    return signal.aborted;
  }

  #setLogLevel(level: LogLevel, minutes: number, signal: AbortSignal): Outcome {
    const { configuredLogLevel, setLogLevel } = this.#actions;
    const over = new AbortController();
    this.#level?.over.abort();
    this.#level = { level, endsAtMs: this.#clock.monotonicMs() + minutes * MINUTE_MS, over };
    setLogLevel(level);
    const end = (): void => {
      if (over.signal.aborted) return;
      this.#level = null;
      setLogLevel(configuredLogLevel);
    };
    void this.#clock.sleep(minutes * MINUTE_MS, AbortSignal.any([signal, over.signal])).then(end, end);
    const until = new Date(this.#clock.wallMs() + minutes * MINUTE_MS).toISOString();
    return succeeded({ level, until, afterwards: configuredLogLevel });
  }
}
