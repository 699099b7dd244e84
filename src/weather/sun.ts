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
