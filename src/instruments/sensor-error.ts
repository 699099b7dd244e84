import { I2cError } from '../i2c/i2c-bus.ts';

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
