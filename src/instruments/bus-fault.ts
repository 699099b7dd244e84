import { I2cError } from '../i2c/i2c-bus.ts';
import { SensorError } from './sensor.ts';

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
