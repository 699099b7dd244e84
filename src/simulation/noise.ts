/** Seeded randomness that needs no state: the same seed and index always give the same number. */

/** Mixes a seed and an index to 32 bits (the finaliser of MurmurHash3). */
export const hash32 = (seed: number, index: number): number => {
  let bits = seed ^ Math.imul(index, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
};

/** An independent seed for one named part of a simulation. */
export const seedOf = (seed: number, part: string): number =>
  [...part].reduce((mixed, letter) => hash32(mixed, letter.charCodeAt(0)), hash32(seed, part.length));

/** Uniform in [0, 1). */
export const uniform = (seed: number, index: number): number => hash32(seed, index) / 2 ** 32;

/** Standard normal, by Box and Muller. */
export const gaussian = (seed: number, index: number): number => {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(seed, 2 * index)));
  return radius * Math.cos(2 * Math.PI * uniform(seed, 2 * index + 1));
};

export type Noise = (elapsedSeconds: number) => number;

/** Smooth noise of mean 0 and variance 1 that forgets itself over about `periodSeconds`. */
export const createNoise =
  (seed: number, periodSeconds: number): Noise =>
  (elapsedSeconds) => {
    const position = elapsedSeconds / periodSeconds;
    const index = Math.floor(position);
    const fraction = position - index;
    const late = fraction * fraction * (3 - 2 * fraction);
    const early = 1 - late;
    // Blending two normals lowers the variance; the divisor restores it.
    return (
      (gaussian(seed, index) * early + gaussian(seed, index + 1) * late) /
      Math.sqrt(early * early + late * late)
    );
  };

type Octave = { readonly periodSeconds: number; readonly weight: number };

/** Noise of several time scales at once, again of mean 0 and variance 1. */
export const createLayeredNoise = (seed: number, octaves: readonly Octave[]): Noise => {
  const norm = Math.sqrt(octaves.reduce((sum, { weight }) => sum + weight * weight, 0));
  const layers = octaves.map(({ periodSeconds, weight }, index) => ({
    noise: createNoise(hash32(seed, index), periodSeconds),
    share: weight / norm,
  }));
  return (elapsedSeconds) => layers.reduce((sum, { noise, share }) => sum + share * noise(elapsedSeconds), 0);
};
