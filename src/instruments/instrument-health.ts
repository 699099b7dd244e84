import { I2cError } from '../i2c/i2c-bus.ts';
import type { Log } from '../log.ts';

/** Why a sensor gave no value; becomes the reason beside a `null` and the sensor's last fault. */
export type SensorFault = {
  /** `missing`: no answer · `wrong-chip` · `not-ready` · `implausible`: bytes no working sensor sends · `bus`. */
  readonly code: 'missing' | 'wrong-chip' | 'not-ready' | 'implausible' | 'bus';
  readonly message: string;
};

/** An expected failure of an instrument: the sampler counts it, logs the change and tries again. */
export class SensorError extends Error {
  readonly code: SensorFault['code'];

  constructor(code: SensorFault['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SensorError';
    this.code = code;
  }
}

/** Carries out a sensor's transfers; an `I2cError` becomes its `missing` or `bus` fault, a bug stays what it is. */
export const withBusFaults = async <T>(sensorName: string, transfers: () => Promise<T>): Promise<T> => {
  try {
    return await transfers();
  } catch (error) {
    if (!(error instanceof I2cError)) throw error;
    throw new SensorError(error.isNak ? 'missing' : 'bus', `${sensorName}: ${error.message}`, {
      cause: error,
    });
  }
};

type Attempt<Value> = { readonly value: Value } | { readonly fault: SensorFault };

/** How one instrument is doing, as a person asks it. */
export type InstrumentStatus = {
  /** Its key in the configuration. */
  readonly name: string;
  /** Its name for people. */
  readonly title: string;
  /** `waiting`: not read yet. */
  readonly state: 'waiting' | 'ok' | 'failing';
  /** Failed reads since start. */
  readonly errors: number;
  /** The last fault ever seen since start, with the UTC time of its first occurrence; it stays after recovery. */
  readonly lastFault: { readonly code: string; readonly message: string; readonly datetime: string } | null;
};

type InstrumentHealthOptions = {
  readonly name: string;
  readonly title: string;
  readonly log: Log;
  /** The UTC time of a fault, for people. */
  readonly datetime: () => string;
};

/**
 * The one place where a sensor that does not work is handled: counted, and logged when its state changes.
 * Anything but a `SensorError` is a bug and passes through.
 */
export class InstrumentHealth {
  readonly #options: InstrumentHealthOptions;
  #state: InstrumentStatus['state'] = 'waiting';
  #errors = 0;
  #lastFault: InstrumentStatus['lastFault'] = null;

  constructor(options: InstrumentHealthOptions) {
    this.#options = options;
  }

  /** Makes an attempt that shows how the instrument is doing. */
  async attempt<Value>(read: () => Promise<Value> | Value): Promise<Attempt<Value>> {
    const attempt = await valueOrFault(read);
    if ('fault' in attempt) this.noteFault(attempt.fault);
    else this.noteSuccess();
    return attempt;
  }

  noteSuccess(): void {
    if (this.#state === 'failing')
      this.#options.log.info({ instrument: this.#options.name }, 'the instrument works again');
    this.#state = 'ok';
  }

  noteFault({ code, message }: SensorFault): void {
    const isNews = this.#state !== 'failing' || this.#lastFault?.code !== code;
    this.#errors += 1;
    this.#state = 'failing';
    if (!isNews) return;
    this.#lastFault = { code, message, datetime: this.#options.datetime() };
    this.#options.log.warn(
      { instrument: this.#options.name, code, fault: message },
      'the instrument gives no value',
    );
  }

  status(): InstrumentStatus {
    const { name, title } = this.#options;
    return { name, title, state: this.#state, errors: this.#errors, lastFault: this.#lastFault };
  }
}

/** The value, or the fault of an expected failure. */
export const valueOrFault = async <Value>(read: () => Promise<Value> | Value): Promise<Attempt<Value>> => {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof SensorError)) throw error;
    return { fault: { code: error.code, message: error.message } };
  }
};
