import {
  canonicalJson,
  dropTrial,
  identityOf,
  identityOfOverlay,
  type Merged,
  type Overlay,
  type OverlayProblem,
  type Overlays,
  type StationConfig,
} from '../config/overlays.ts';
import { type RemoteValues, remotePartOf, remoteValuesIn } from '../config/remote-part.ts';
import type { Log } from '../log.ts';
import type { Publisher } from '../mqtt/publisher.ts';
import type { Clock } from '../time/clock.ts';
import { createOneAtATime, runTogether, Wake } from '../time/loops.ts';
import { formatDatetime } from '../weather/message.ts';
import {
  answerInTime,
  type ChannelStatus,
  channelOff,
  failureOf,
  IDLE_MS,
  InboundChannel,
  type RequestFailure,
  type Session,
} from './inbound-channel.ts';
import {
  parseDelta,
  parseSentConfiguration,
  type ReportedConfiguration,
  type ShadowTopics,
  shadowTopicsOf,
} from './shadow.ts';

/** What the daemon runs by, and how another configuration is put in its place. */
export type StationOverlays = Pick<StationConfig, 'config' | 'inForce' | 'overlays'> & {
  /** The file of the station, as it is now, with these values. */
  readonly check: (values: RemoteValues) => Promise<Merged>;
  /** Durable once it resolves. */
  readonly write: (overlays: Overlays) => Promise<void>;
};

type RemoteConfigurationParts = {
  readonly thing: string;
  readonly version: string;
  readonly station: StationOverlays;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Log;
  /** `hindrance`: why nobody would start the daemon again. */
  readonly restart: { readonly hindrance: string | null; readonly begin: () => void };
  /** The channel of the jobs: where the broker refuses that one, this one is not tried. */
  readonly after?: InboundChannel | undefined;
  readonly random?: (() => number) | undefined;
};

export type ConfigurationStatus = ChannelStatus & {
  /** `own`: the file of the station alone. `trial`: kept once readings were delivered with it for a while. */
  readonly inForce: StationConfig['inForce'];
  /** By which its sender knows what is in force; `null` for the file of the station alone. */
  readonly id: string | null;
  /** The keys that come from afar. */
  readonly keys: readonly string[];
  /** The last that was not taken, or not kept. */
  readonly dropped: ({ readonly id: string | null } & OverlayProblem) | null;
};

/** Without a restart meanwhile. */
const KEEP_AFTER_MS = 900_000;
/** The intervals of the configuration come on top. */
const DEADLINE_MS = 3_600_000;
const MIN_UPTIME_MS = 60_000;
const MIN_PAUSE_MS = 1_000;
const RETRY_WRITE_MS = 60_000;
/** A shadow that goes on wanting what the station has reported has lost the report. */
const REPEAT_MS = 3_600_000;
/** AWS IoT takes 8 KB of what is desired and reported together. */
const MAX_SHADOW_BYTES = 7_000;
const MAX_TEXT_BYTES = 400;

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');
/** In UTF-8, and without half a character: AWS IoT would not take the report. */
const cut = (text: string): string => {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_TEXT_BYTES) return bytes.toString();
  return `${bytes
    .subarray(0, MAX_TEXT_BYTES - 3)
    .toString()
    .replace(/\uFFFD+$/, '')}…`;
};

type Wanted = { readonly version: number; readonly configuration: unknown };

/**
 * Takes configuration from afar, out of the named shadow of the thing: checks it, writes it down, and restarts the daemon, which
 * then runs by it on trial. It is kept once readings were delivered with it for a quarter of an hour; otherwise the one before
 * comes back by itself. Nothing here holds up a reading.
 */
export class RemoteConfiguration {
  readonly #parts: RemoteConfigurationParts;
  readonly #topics: ShadowTopics;
  readonly #channel: InboundChannel | null;
  readonly #startedAtMs: number;
  readonly #watchWake: Wake;
  readonly #writing = createOneAtATime();
  #inForce: StationConfig['inForce'];
  #overlays: Overlays;
  /** What the daemon has on trial since its start. */
  readonly #tried: Overlay | null;
  #hasDelivered = false;
  #mustRestart = false;
  #wanted: Wanted | null = null;
  /** `null` until something was wanted that is not in force. */
  #wantedBytes: number | null = null;
  #seenVersion = 0;
  #confirmed: { readonly report: string; readonly atMs: number } | null = null;

  constructor(parts: RemoteConfigurationParts) {
    this.#parts = parts;
    const { thing, station, publisher, clock, log, after, random } = parts;
    this.#topics = shadowTopicsOf(thing);
    this.#startedAtMs = clock.monotonicMs();
    this.#watchWake = new Wake(clock);
    this.#inForce = station.inForce;
    this.#overlays = station.overlays;
    this.#tried = station.inForce === 'trial' ? station.overlays.trial : null;
    this.#channel = station.config.aws.remoteConfiguration
      ? new InboundChannel({
          what: 'configuration',
          publisher,
          clock,
          log,
          after,
          random,
          subscribe: () => this.#subscribe(),
          step: (session, signal) => this.#step(session, signal),
        })
      : null;
  }

  status(): ConfigurationStatus {
    const { dropped } = this.#overlays;
    return {
      ...(this.#channel?.status() ?? channelOff),
      inForce: this.#inForce,
      id: this.#current()?.id ?? null,
      keys: remoteValuesIn(this.#current()?.values ?? {}, undefined).map(({ key }) => key),
      dropped: dropped === null ? null : { id: dropped.id, ...dropped.problem },
    };
  }

  /** The station measures by it, and a reading had its PUBACK. */
  noteDelivered(): void {
    if (this.#hasDelivered) return;
    this.#hasDelivered = true;
    this.#channel?.call();
    this.#watchWake.call();
  }

  async run(signal: AbortSignal): Promise<void> {
    const channel = this.#channel;
    const { inForce, overlays } = this.#parts.station;
    const { log } = this.#parts;
    if (inForce !== 'own') log.info({ configuration: this.status().keys, inForce }, 'configured from afar');
    if (overlays.dropped !== null)
      log.warn({ ...overlays.dropped.problem }, 'a configuration from afar is not in force');
    await runTogether(
      [(stop) => this.#watch(stop), ...(channel === null ? [] : [(stop: AbortSignal) => channel.run(stop)])],
      signal,
    );
  }

  #current(): Overlay | null {
    if (this.#inForce === 'trial') return this.#tried;
    return this.#inForce === 'kept' ? this.#overlays.kept : null;
  }

  #subscribe() {
    this.#seenVersion = 0;
    return this.#parts.publisher.subscribe(this.#topics.filters, ({ payload }) => {
      const delta = parseDelta(payload);
      // Messages may come twice, and an old one after a new one.
      if (delta === null || delta.version <= this.#seenVersion) return;
      this.#seenVersion = delta.version;
      this.#wanted = delta;
      this.#wantedBytes = bytesOf(delta.configuration);
      this.#channel?.call();
    });
  }

  async #step(session: Session, signal: AbortSignal): Promise<number> {
    const { clock } = this.#parts;
    const wanted = this.#wanted;
    this.#wanted = null;
    if (wanted !== null) await this.#take(wanted);
    const nowMs = clock.monotonicMs();
    if (session.askAtMs > nowMs) return session.askAtMs - nowMs;
    const report = this.#report();
    const text = report === null ? null : canonicalJson(report);
    // What was dropped may still be wanted. How much room it takes in the shadow is in the answer to the first message.
    const isRoomKnown = this.#overlays.dropped === null || this.#wantedBytes !== null || !session.mustAsk;
    const isNews = isRoomKnown && text !== null && text !== this.#confirmed?.report;
    if (!session.mustAsk && !isNews) return IDLE_MS;
    session.mustAsk = false;
    session.askAtMs = nowMs + MIN_PAUSE_MS;
    // Any update makes AWS IoT say what is wanted, where that is something else.
    const connected = formatDatetime(clock.wallMs());
    const reported = { release: this.#parts.version, connected, ...(isNews ? report : {}) };
    const answer = await this.#publish({ state: { reported } }, AbortSignal.any([signal, session.signal]));
    if (signal.aborted || this.#channel === null) return 0;
    if (answer !== null) {
      this.#channel.noteFailure(session, answer);
      return 0;
    }
    if (isNews) this.#confirmed = { report: text, atMs: nowMs };
    this.#channel.noteAnswered(session);
    this.#channel.noteFine();
    this.#channel.noteSuccess();
    return 0;
  }

  /** Why it came to nothing, or `null` once the broker has it. */
  async #publish(message: object, signal: AbortSignal): Promise<RequestFailure | null> {
    const { publisher, clock } = this.#parts;
    const work = publisher
      .publish(this.#topics.update, JSON.stringify(message))
      .then((result) => (result.kind === 'acknowledged' ? null : failureOf(result)));
    return await answerInTime(work, 'PUBACK', clock, signal);
  }

  async #take({ version, configuration }: Wanted): Promise<void> {
    const { station, restart, log, clock } = this.#parts;
    const { kept, trial, dropped } = this.#overlays;
    const sent = parseSentConfiguration(configuration);
    // Of what is written down: what was left out of it must not make it another one after each restart.
    const identity = sent === null ? identityOf(configuration) : identityOfOverlay(sent);
    const known = [trial ?? kept].map((each) => each && identityOfOverlay(each));
    if (known.includes(identity) || dropped?.identity === identity) {
      const nowMs = clock.monotonicMs();
      if (this.#confirmed !== null && nowMs - this.#confirmed.atMs > REPEAT_MS) this.#confirmed = null;
      return;
    }
    const drop = async (problem: OverlayProblem): Promise<void> => {
      log.warn({ id: sent?.id, ...problem }, 'a configuration from afar is not taken');
      await this.#remember({ ...this.#overlays, dropped: { id: sent?.id ?? null, identity, problem } });
    };
    if (sent === null)
      return await drop({
        path: 'configuration',
        found: cut(JSON.stringify(configuration)),
        allowed: 'a list of one {id, values}',
      });
    const overlay: Overlay = { ...sent, version };
    const isSame = canonicalJson(sent.values) === canonicalJson(kept?.values ?? {});
    if (isSame && trial === null) {
      await this.#remember({ kept: overlay, trial: null, dropped: null });
      this.#inForce = 'kept';
      return;
    }
    const { problem } = await station.check(sent.values);
    if (problem !== undefined) return await drop(problem);
    if (restart.hindrance !== null)
      return await drop({ path: '', found: restart.hindrance, allowed: 'a daemon that systemd runs' });
    const before = this.#overlays;
    if (!(await this.#remember({ ...before, trial: { ...overlay, starts: 0 }, dropped: null }))) {
      this.#overlays = before;
      this.#watchWake.call();
      return await drop({ path: '', found: 'a disk that takes nothing', allowed: 'send it again later' });
    }
    log.info({ id: sent.id }, 'a configuration from afar is taken: the daemon restarts');
    this.#mustRestart = true;
    this.#watchWake.call();
  }

  /** Resolves with whether it is on the disk. */
  async #remember(overlays: Overlays): Promise<boolean> {
    this.#overlays = overlays;
    try {
      await this.#writing(() => this.#parts.station.write(overlays));
      return true;
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'what became of a configuration from afar could not be written');
      return false;
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#watchWake.wait(await this.#look(), signal);
  }

  /** Restarts, keeps or goes back when it is time; resolves with how long until that may be. */
  async #look(): Promise<number> {
    const { clock, restart, station } = this.#parts;
    const upMs = clock.monotonicMs() - this.#startedAtMs;
    if (this.#mustRestart) {
      if (upMs < MIN_UPTIME_MS) return MIN_UPTIME_MS - upMs;
      restart.begin();
      return IDLE_MS;
    }
    if (this.#inForce !== 'trial') return IDLE_MS;
    const { intervalSeconds, sendSeconds } = station.config.reporting;
    const limitMs = DEADLINE_MS + 2_000 * (intervalSeconds + sendSeconds);
    if (this.#hasDelivered && upMs >= KEEP_AFTER_MS) return await this.#keep();
    if (upMs >= limitMs) return await this.#goBack(limitMs);
    return (upMs < KEEP_AFTER_MS ? KEEP_AFTER_MS : limitMs) - upMs;
  }

  async #keep(): Promise<number> {
    const before = this.#overlays;
    const { trial } = before;
    // Another one that is being written down has not been tried.
    if (trial === null || trial !== this.#tried) return IDLE_MS;
    const { id, version, values } = trial;
    if (!(await this.#remember({ kept: { id, version, values }, trial: null, dropped: null }))) {
      this.#overlays = before;
      return RETRY_WRITE_MS;
    }
    this.#inForce = 'kept';
    this.#parts.log.info({ id }, 'the configuration from afar is kept');
    this.#channel?.call();
    return IDLE_MS;
  }

  async #goBack(limitMs: number): Promise<number> {
    const { restart, log } = this.#parts;
    const problem = {
      path: '',
      found: `no reading that was delivered within ${Math.round(limitMs / 60_000)} minutes`,
      allowed: 'a configuration with which readings are delivered',
    };
    log.warn({ id: this.#tried?.id }, 'no reading was delivered with the configuration from afar');
    await this.#remember(dropTrial(this.#overlays, problem));
    restart.begin();
    return IDLE_MS;
  }

  /** `null` where nothing ever came from afar: a shadow that nobody uses stays small. */
  #report(): Partial<ReportedConfiguration> | null {
    const { kept, trial, dropped } = this.#overlays;
    if (kept === null && trial === null && dropped === null) return null;
    const problem =
      dropped === null
        ? null
        : {
            id: dropped.id,
            path: cut(dropped.problem.path),
            found: cut(dropped.problem.found),
            allowed: cut(dropped.problem.allowed),
          };
    // What is reported as running has delivered a reading.
    if (this.#inForce === 'trial' && !this.#hasDelivered) return problem === null ? null : { problem };
    const running = this.#current();
    const configuration = running === null ? [] : [{ id: running.id, values: running.values }];
    const wantedBytes = Math.max(bytesOf(configuration), this.#wantedBytes ?? 0);
    const takenBytes = bytesOf(configuration) + wantedBytes + bytesOf(problem);
    const state = this.#inForce;
    if (takenBytes > MAX_SHADOW_BYTES)
      return { configuration: null, state, version: null, effective: null, problem };
    const effective = this.#effective(MAX_SHADOW_BYTES - takenBytes);
    return { configuration, state, version: running?.version ?? null, effective, problem };
  }

  /** The shortest parts first. */
  #effective(roomBytes: number): readonly object[] {
    const parts = Object.entries(remotePartOf(this.#parts.station.config));
    const chosen: [string, unknown][] = [];
    for (const part of parts.sort(([, a], [, b]) => bytesOf(a) - bytesOf(b)))
      if (bytesOf(Object.fromEntries([...chosen, part])) <= roomBytes) chosen.push(part);
    return [Object.fromEntries(chosen)];
  }
}
