/**
 * The inside of the SparkFun/Argent vane: eight reeds around a magnet, each with its resistor to ground. Where the
 * magnet closes two neighbours, both are in parallel: these are the narrow states in between.
 */
const REED_OHMS = [33_000, 8_200, 1_000, 2_200, 3_900, 16_000, 120_000, 64_900] as const;
const PULL_UP_OHMS = 10_000;
const REED_SPACING_DEGREES = 45;
/** How far either side of the middle between two reeds both are closed. */
const OVERLAP_DEGREES = 4.5;

export const vaneOhms = (directionDegrees: number): number => {
  const position = (((directionDegrees % 360) + 360) % 360) / REED_SPACING_DEGREES;
  const lower = Math.floor(position);
  const reed = (index: number): number => REED_OHMS[index % REED_OHMS.length] ?? Number.POSITIVE_INFINITY;
  const fromMiddleDegrees = (position - lower - 0.5) * REED_SPACING_DEGREES;
  if (Math.abs(fromMiddleDegrees) > OVERLAP_DEGREES) return reed(fromMiddleDegrees < 0 ? lower : lower + 1);
  return 1 / (1 / reed(lower) + 1 / reed(lower + 1));
};

/** The divider's voltage over its supply; the vane is the lower half. */
export const vaneRatio = (directionDegrees: number): number => {
  const ohms = vaneOhms(directionDegrees);
  return ohms / (ohms + PULL_UP_OHMS);
};
