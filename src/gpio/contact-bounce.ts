/** Whether an edge at this moment begins a closure of the contact, or is its bounce. Times must not go back. */
export type BounceFilter = (atMs: number) => boolean;

/**
 * Leading-edge lock-out: what follows a counted edge within `lockoutMs` is bounce. Unlike a debounce that waits for
 * silence, it loses no pulse at any rate below 1/lockoutMs and delays none.
 */
export const createBounceFilter = (lockoutMs: number): BounceFilter => {
  let countedAtMs = Number.NEGATIVE_INFINITY;
  return (atMs) => {
    if (atMs - countedAtMs < lockoutMs) return false;
    countedAtMs = atMs;
    return true;
  };
};
