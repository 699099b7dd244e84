const SECTORS = 16;
export const SECTOR_DEGREES = 360 / SECTORS;

/** How often the wind came from each sector, as shares of the most frequent one. */
export const sectorShares = (directions: readonly (number | null)[]): number[] => {
  const counts = Array.from({ length: SECTORS }, () => 0);
  for (const degrees of directions) {
    if (degrees === null) continue;
    const sector = Math.round(degrees / SECTOR_DEGREES) % SECTORS;
    counts[sector] = (counts[sector] ?? 0) + 1;
  }
  const most = Math.max(...counts);
  return counts.map((count) => (most === 0 ? 0 : count / most));
};
