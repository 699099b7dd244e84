import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, isIP } from 'node:net';
import { z } from 'zod';
import type { Log } from '../log.ts';
import { replaceFile } from '../store/durable-file.ts';
import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import { errorCode, formatError } from '../weather/format.ts';
import type { StationActions } from './station-verbs.ts';

type NetworkProbe = {
  /** Where the station connects to: the endpoint, or the proxy before it. */
  readonly host: string;
  readonly port: number;
  /** `ADDRESS:PORT` of name servers; those of the machine without. */
  readonly nameServers?: readonly string[];
  readonly timeoutMs?: number;
};

const PROBE_TIMEOUT_MS = 10_000;

/** A server that says no is there all the same. */
const DNS_ANSWERS: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'EREFUSED', 'ENOTIMP', 'EFORMERR']);

/** Asks a name server, so that neither /etc/hosts nor a cache of this process answers. */
const answersDns = async ({
  host,
  nameServers,
  timeoutMs = PROBE_TIMEOUT_MS,
}: NetworkProbe): Promise<boolean> => {
  if (isIP(host) !== 0) return false;
  const resolver = new Resolver({ timeout: timeoutMs / 2, tries: 2 });
  if (nameServers !== undefined) resolver.setServers(nameServers);
  try {
    await resolver.resolve4(host);
    return true;
  } catch (error) {
    return DNS_ANSWERS.has(errorCode(error));
  }
};

/** A connection, or its refusal: both come from the other end. */
const answersTcp = async ({ host, port, timeoutMs = PROBE_TIMEOUT_MS }: NetworkProbe): Promise<boolean> => {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    return true;
  } catch (error) {
    const code = errorCode(error instanceof AggregateError ? (error.errors[0] ?? error) : error);
    return code === 'ECONNREFUSED' || code === 'ECONNRESET';
  } finally {
    socket.destroy();
  }
};

/** Whether neither DNS nor TCP is answered by anybody: what a modem that hangs looks like. */
export const isNetworkDead = async (parts: NetworkProbe): Promise<boolean> => {
  const answers = await Promise.all([answersDns(parts), answersTcp(parts)]);
  return !answers.includes(true);
};

type SelfHelpParts = {
  readonly afterHours: number;
  /** Outlives the reboot. */
  readonly recordFile: string;
  readonly bootId: string;
  readonly isNetworkDead: () => Promise<boolean>;
  readonly reboot: StationActions['reboot'];
  readonly clock: Clock;
  readonly log: Log;
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LOOK_EVERY_MS = 300_000;
/** Looks in a row that found the network dead. */
const LOOKS = 3;
const REBOOT_WITHIN_MS = 60_000;

const recordSchema = z.object({ bootId: z.string(), wallMs: z.number(), monotonicMs: z.number() });

type Record = Readonly<z.infer<typeof recordSchema>>;

const readRecord = async (file: string): Promise<Record | null> => {
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
};

/**
 * Reboots the machine when nothing was acknowledged for hours while neither DNS nor TCP works: a modem, a driver or a
 * DHCP client that hangs comes back so. At most once a day. Where the network works, a reboot would help nobody.
 */
export class SelfHelp {
  readonly #parts: SelfHelpParts;
  #acknowledgedAtMs: number;
  #deadLooks = 0;
  #told: string | undefined;

  constructor(parts: SelfHelpParts) {
    this.#parts = parts;
    this.#acknowledgedAtMs = parts.clock.monotonicMs();
  }

  noteAcknowledged(): void {
    this.#acknowledgedAtMs = this.#parts.clock.monotonicMs();
    this.#deadLooks = 0;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      await pause(clock, LOOK_EVERY_MS, signal);
      if (!signal.aborted) await this.#look(signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { afterHours, clock, isNetworkDead, reboot, log } = this.#parts;
    if (clock.monotonicMs() - this.#acknowledgedAtMs < afterHours * HOUR_MS) return;
    this.#deadLooks = (await isNetworkDead()) ? this.#deadLooks + 1 : 0;
    if (this.#deadLooks < LOOKS || !(await this.#isAllowed())) return;
    if (reboot.hindrance !== null) return this.#tellOnce(reboot.hindrance, 'the machine cannot be rebooted');
    const hours = Math.floor((clock.monotonicMs() - this.#acknowledgedAtMs) / HOUR_MS);
    log.warn({ hours }, 'nothing is acknowledged, and neither DNS nor TCP works: the machine is rebooted');
    await this.#reboot(signal);
  }

  /** Counted by the time this boot lasts, too: without a network the date may be wrong. */
  async #isAllowed(): Promise<boolean> {
    const { recordFile, bootId, clock } = this.#parts;
    const last = await readRecord(recordFile);
    if (last === null) return true;
    const sinceMs = last.bootId === bootId ? clock.monotonicMs() - last.monotonicMs : clock.monotonicMs();
    return sinceMs >= DAY_MS || (last.bootId !== bootId && clock.wallMs() - last.wallMs >= DAY_MS);
  }

  async #reboot(signal: AbortSignal): Promise<void> {
    const { recordFile, bootId, clock, reboot, log } = this.#parts;
    const record: Record = { bootId, wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    try {
      await replaceFile(recordFile, JSON.stringify(record), { mode: 0o600 });
    } catch (error) {
      const reason = formatError(error);
      // What cannot be remembered is counted by the boot alone, which then has to have lasted a day.
      if (clock.monotonicMs() < DAY_MS) {
        this.#tellOnce(reason, 'the reboot could not be remembered and is left for later');
        return;
      }
    }
    try {
      await reboot.begin();
      await pause(clock, REBOOT_WITHIN_MS, signal);
      if (signal.aborted) return;
      await reboot.takeBack();
      log.warn({}, 'nothing rebooted the machine: is weather-gateway-reboot.path enabled?');
    } catch (error) {
      const reason = formatError(error);
      log.warn({ reason }, 'the reboot could not be asked for');
    }
  }

  #tellOnce(reason: string, message: string): void {
    if (this.#told !== message) this.#parts.log.warn({ reason }, message);
    this.#told = message;
  }
}
