/** A day by the clock on a wall: 23, 24 or 25 hours. */
type LocalDay = {
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly startMs: number;
};

const HOUR_MS = 3_600_000;
/** The longest that a day can be. */
const MAX_DAY_MS = 26 * HOUR_MS;
const PRECISION_MS = 1_000;

/** Whether it is the name of a time zone; an offset is none. */
export const isTimeZone = (name: string): boolean => {
  try {
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false;
  }
};

/** TZ may hold what has no name, such as ":/etc/localtime": then UTC. */
const machineTimeZone = (): string => {
  // `undefined`, whatever its type says, or Etc/Unknown.
  const name = String(new Intl.DateTimeFormat().resolvedOptions().timeZone);
  return isTimeZone(name) ? name : 'UTC';
};

/** The days of a time zone; the machine's own without one. */
export class LocalDays {
  readonly timeZone: string;
  readonly #date: Intl.DateTimeFormat;
  readonly #time: Intl.DateTimeFormat;
  #latest: LocalDay = { date: '', startMs: 0 };

  constructor(timeZone = machineTimeZone()) {
    // Swedes write dates as the rest of the world's machines do.
    this.#date = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
    this.#time = new Intl.DateTimeFormat('sv-SE', { timeZone, timeStyle: 'short' });
    // As it was written: its canonical name may be an old one, Asia/Katmandu.
    this.timeZone = timeZone;
  }

  dayOf(atMs: number): LocalDay {
    const date = this.#date.format(atMs);
    if (date !== this.#latest.date) this.#latest = { date, startMs: this.#startOf(date, atMs) };
    return this.#latest;
  }

  /** HH:MM. */
  timeOf(atMs: number): string {
    return this.#time.format(atMs);
  }

  /** The first second with that date, looked for by halves: midnight may come twice, or not at all. */
  #startOf(date: string, atMs: number): number {
    let before = Math.floor(atMs / PRECISION_MS) - MAX_DAY_MS / PRECISION_MS;
    let within = Math.floor(atMs / PRECISION_MS);
    while (within - before > 1) {
      const middle = Math.floor((before + within) / 2);
      if (this.#date.format(middle * PRECISION_MS) === date) within = middle;
      else before = middle;
    }
    return within * PRECISION_MS;
  }
}

// Sunrise and sunset by the sunrise equation (Meeus, Astronomical Algorithms, in its usual short form): right to two minutes
// between the polar circles, at sea level with an open horizon.

export type Place = { readonly latitude: number; readonly longitude: number };

/** `never`: polar night, `always`: midnight sun. */
export type Sun =
  | { readonly up: 'by day'; readonly riseMs: number; readonly setMs: number }
  | { readonly up: 'always' | 'never' };

const DAY_MS = 86_400_000;
/** 2000-01-01 12:00 UTC. */
const J2000_MS = 946_728_000_000;
const RADIANS = Math.PI / 180;
const OBLIQUITY = 23.4397 * RADIANS;
const PERIHELION_DEGREES = 102.9372;
/** Of the sun's centre when its upper edge is on the horizon, with the refraction there. */
const HORIZON = -0.833 * RADIANS;

/** Of the day whose noon, by the clock on the wall, is this one. */
export const sunOf = (noonMs: number, { latitude, longitude }: Place): Sun => {
  const turns = longitude / 360;
  const solarNoon = Math.round((noonMs - J2000_MS) / DAY_MS + turns) - turns;
  const anomaly = (357.5291 + 0.98560028 * solarNoon) * RADIANS;
  const centreDegrees =
    1.9148 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly) + 0.0003 * Math.sin(3 * anomaly);
  const ecliptic = anomaly + (centreDegrees + 180 + PERIHELION_DEGREES) * RADIANS;
  const transit = solarNoon + 0.0053 * Math.sin(anomaly) - 0.0069 * Math.sin(2 * ecliptic);
  const sinDeclination = Math.sin(ecliptic) * Math.sin(OBLIQUITY);
  const phi = latitude * RADIANS;
  const cosHourAngle =
    (Math.sin(HORIZON) - Math.sin(phi) * sinDeclination) /
    (Math.cos(phi) * Math.sqrt(1 - sinDeclination ** 2));
  if (cosHourAngle <= -1) return { up: 'always' };
  if (cosHourAngle >= 1) return { up: 'never' };
  const halfDay = Math.acos(cosHourAngle) / (2 * Math.PI);
  const ms = (day: number): number => J2000_MS + day * DAY_MS;
  return { up: 'by day', riseMs: ms(transit - halfDay), setMs: ms(transit + halfDay) };
};
