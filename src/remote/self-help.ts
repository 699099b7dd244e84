import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { replaceFile } from '../certificate/durable-file.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../time/clock.ts';

export type SelfHelpParts = {
  readonly afterHours: number;
  /** Outlives the reboot. */
  readonly recordFile: string;
  readonly bootId: string;
  readonly isNetworkDead: () => Promise<boolean>;
  /** `hindrance`: why nobody would reboot the machine. */
  readonly reboot: { readonly hindrance: string | null; begin(): Promise<void>; takeBack(): Promise<void> };
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
      await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
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
      const reason = error instanceof Error ? error.message : String(error);
      // What cannot be remembered is counted by the boot alone, which then has to have lasted a day.
      if (clock.monotonicMs() < DAY_MS) {
        this.#tellOnce(reason, 'the reboot could not be remembered and is left for later');
        return;
      }
    }
    try {
      await reboot.begin();
      await clock.sleep(REBOOT_WITHIN_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      await reboot.takeBack();
      log.warn({}, 'nothing rebooted the machine: is weather-gateway-reboot.path enabled?');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ reason }, 'the reboot could not be asked for');
    }
  }

  #tellOnce(reason: string, message: string): void {
    if (this.#told !== message) this.#parts.log.warn({ reason }, message);
    this.#told = message;
  }
}
