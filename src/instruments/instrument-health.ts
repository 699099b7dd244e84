import type { Log } from '../log.ts';
import type { InstrumentStatus } from '../status/status.ts';
import { SensorError, type SensorFault } from './sensor.ts';

export type Attempt<Value> = { readonly value: Value } | { readonly fault: SensorFault };

export type InstrumentHealthParts = {
  readonly name: string;
  readonly log: Log;
  /** The UTC time of a fault, for people. */
  readonly datetime: () => string;
};

/**
 * The one place where a sensor that does not work is handled: counted, and logged when its state changes.
 * Anything but a `SensorError` is a bug and passes through.
 */
export class InstrumentHealth {
  readonly #parts: InstrumentHealthParts;
  #state: InstrumentStatus['state'] = 'waiting';
  #errors = 0;
  #lastFault: InstrumentStatus['lastFault'] = null;

  constructor(parts: InstrumentHealthParts) {
    this.#parts = parts;
  }

  async attempt<Value>(read: () => Promise<Value>): Promise<Attempt<Value>> {
    try {
      const value = await read();
      this.noteSuccess();
      return { value };
    } catch (error) {
      if (!(error instanceof SensorError)) throw error;
      const fault: SensorFault = { code: error.code, message: error.message };
      this.noteFault(fault);
      return { fault };
    }
  }

  noteSuccess(): void {
    if (this.#state === 'failing')
      this.#parts.log.info({ instrument: this.#parts.name }, 'the instrument works again');
    this.#state = 'ok';
  }

  noteFault({ code, message }: SensorFault): void {
    const isNews = this.#state !== 'failing' || this.#lastFault?.code !== code;
    this.#errors += 1;
    this.#state = 'failing';
    if (!isNews) return;
    this.#lastFault = { code, message, datetime: this.#parts.datetime() };
    this.#parts.log.warn(
      { instrument: this.#parts.name, code, fault: message },
      'the instrument gives no value',
    );
  }

  /** Whether it fails right now. */
  get isFailing(): boolean {
    return this.#state === 'failing';
  }

  status(): InstrumentStatus {
    return { name: this.#parts.name, state: this.#state, errors: this.#errors, lastFault: this.#lastFault };
  }
}
