import { createBounceFilter } from '../../gpio/contact-bounce.ts';
import { WindRun } from './wind-run.ts';

export type AnemometerOptions = {
  /** Wind speed at one closure a second, km/h. */
  readonly kmhPerHz: number;
  readonly lockoutMs: number;
};

export type WindSpeeds = {
  /** Over the interval. */
  readonly meanKmh: number;
  /** Highest 3 s mean of the interval, never below its mean. */
  readonly gustKmh: number;
};

/** A cup anemometer whose contact closes once a rotation. */
export type Anemometer = {
  /** One falling edge, bounce included. */
  noteEdge(atMs: number): void;
  /** Measuring begins at this moment; what was counted before is forgotten. */
  restart(atMs: number): void;
  /** Ends the interval; `null` when less than half of `intervalMs` was measured. */
  close(atMs: number, intervalMs: number): WindSpeeds | null;
};

export const createAnemometer = ({ kmhPerHz, lockoutMs }: AnemometerOptions): Anemometer => {
  const isPulse = createBounceFilter(lockoutMs);
  let windRun: WindRun | null = null;

  return {
    noteEdge: (atMs) => {
      if (isPulse(atMs)) windRun?.addPulse(atMs);
    },
    restart: (atMs) => {
      windRun = new WindRun(atMs);
    },
    close: (atMs, intervalMs) => {
      if (windRun === null || atMs <= windRun.fromMs) return null;
      const measuredMs = atMs - windRun.fromMs;
      const { meanHz, gustHz } = windRun.close(atMs);
      if (measuredMs * 2 < intervalMs) return null;
      return { meanKmh: meanHz * kmhPerHz, gustKmh: gustHz * kmhPerHz };
    },
  };
};
