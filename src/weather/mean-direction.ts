const RADIANS_PER_DEGREE = Math.PI / 180;

/** Directions that cancel out have no mean: a resultant shorter than this is rounding. */
const SHORTEST_RESULTANT = 1e-6;

/**
 * Direction of the mean of unit vectors, degrees, 0 to below 360 (WMO-No. 8 vol. I ch. 5: the mean of directions is
 * a vector's, 350° and 10° make 0°). `null` when there is none.
 */
export const meanDirectionDegrees = (directionsDegrees: readonly number[]): number | null => {
  let east = 0;
  let north = 0;
  for (const degrees of directionsDegrees) {
    east += Math.sin(degrees * RADIANS_PER_DEGREE);
    north += Math.cos(degrees * RADIANS_PER_DEGREE);
  }
  if (Math.hypot(east, north) <= SHORTEST_RESULTANT * directionsDegrees.length) return null;
  const degrees = Math.atan2(east, north) / RADIANS_PER_DEGREE;
  // A tiny negative angle plus 360 rounds to 360 itself.
  return degrees >= 0 ? degrees : (degrees + 360) % 360;
};
