/** From local time, ms as if it were UTC, to UTC; `previousMs` is the UTC time of the reading before. */
export type ToUtc = (localMs: number, previousMs: number) => number;

const HOUR_MS = 3_600_000;

/** Standard abbreviations of measuring networks. "MST" in a log means so all year round. */
const ABBREVIATIONS: Readonly<Record<string, number>> = {
  utc: 0,
  gmt: 0,
  z: 0,
  wet: 0,
  bst: 1,
  west: 1,
  cet: 1,
  cest: 2,
  eet: 2,
  eest: 3,
  est: -5,
  edt: -4,
  cst: -6,
  cdt: -5,
  mst: -7,
  mdt: -6,
  pst: -8,
  pdt: -7,
  akst: -9,
  akdt: -8,
  hst: -10,
};

/** Minutes east of Greenwich of `Z`, `+01:00`, `utc+8`, `MST`; `null` when the text is no fixed offset. */
export const fixedOffsetMinutes = (text: string): number | null => {
  const name = text.trim().toLowerCase();
  if (Object.hasOwn(ABBREVIATIONS, name)) return (ABBREVIATIONS[name] ?? 0) * 60;
  const found = /^(?:utc|gmt)?\s*([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(name);
  if (found === null) return null;
  const minutes = Number(found[2]) * 60 + Number(found[3] ?? 0);
  return minutes > 14 * 60 ? null : found[1] === '-' ? -minutes : minutes;
};

export const fixedZone = (offsetMinutes: number): ToUtc => {
  const offsetMs = offsetMinutes * 60_000;
  return (localMs) => localMs - offsetMs;
};

/**
 * A zone by its IANA name, daylight saving included; `null` for a name that does not exist. Of the hour that comes twice
 * in autumn a time is taken as the earlier one, unless that is before the reading before.
 */
const namedZone = (name: string): ToUtc | null => {
  const format = formatterOf(name);
  if (format === null) return null;
  const offsetMs = (utcMs: number): number => {
    const part = format.formatToParts(utcMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    return (fixedOffsetMinutes(part === 'GMT' ? 'utc' : part) ?? 0) * 60_000;
  };
  let hour = Number.NaN;
  let before = 0;
  let after = 0;
  return (localMs, previousMs) => {
    const thisHour = Math.floor(localMs / HOUR_MS);
    if (thisHour !== hour) {
      hour = thisHour;
      before = offsetMs(localMs - 6 * HOUR_MS);
      after = offsetMs(localMs + 6 * HOUR_MS);
    }
    const early = localMs - before;
    if (before === after) return early;
    const late = localMs - after;
    const isEarly = offsetMs(early) === before;
    const isLate = offsetMs(late) === after;
    if (isEarly && isLate) return early > previousMs ? early : late;
    return isLate ? late : early;
  };
};

const formatterOf = (name: string): Intl.DateTimeFormat | null => {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name, timeZoneName: 'longOffset' });
  } catch {
    return null;
  }
};

/** The zone of a mapping or of a header: an offset, an abbreviation or an IANA name. */
export const findZone = (text: string): ToUtc | null => {
  const minutes = fixedOffsetMinutes(text);
  return minutes === null ? namedZone(text.trim()) : fixedZone(minutes);
};
