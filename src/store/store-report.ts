/**
 * What opening a store found. `repaired`: damage was mended in place, records may be missing.
 * `salvaged`: it could not be mended and lies in `movedTo` now, what can still be read of it is in a new store.
 * `unavailable`: there is no room to open it; nothing of it is read or written before there is.
 * `replaced`: nothing of it could be read, it lies in `movedTo` now, and an empty store took its place.
 */
export type StoreReport =
  | { readonly outcome: 'whole' }
  | { readonly outcome: 'unavailable'; readonly cause: string }
  | { readonly outcome: 'repaired'; readonly cause: string }
  | { readonly outcome: 'salvaged' | 'replaced'; readonly cause: string; readonly movedTo: string };

/** One sentence for a person, or `null` when there is nothing to tell. */
export const describeStoreReport = (report: StoreReport): string | null => {
  switch (report.outcome) {
    case 'whole':
      return null;
    case 'unavailable':
      return `the store cannot be opened, readings are kept in memory and sent from there: ${report.cause}`;
    case 'repaired':
      return `the store was damaged and has been repaired: ${report.cause}`;
    case 'salvaged':
      return `the store was damaged and lies in ${report.movedTo} now, what could be read of it was copied: ${report.cause}`;
    case 'replaced':
      return `the store was damaged beyond repair and lies in ${report.movedTo} now: ${report.cause}`;
  }
};
