import { z } from 'zod';

/** The building blocks of the configuration schema. The message of each is what the key allows, in words. */

export const wholeNumber = (min: number, max: number) => {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.int(allowed).min(min, allowed).max(max, allowed);
};

export const decimalNumber = (min: number, max: number) => {
  const allowed = `a number from ${min} to ${max}`;
  return z.number(allowed).min(min, allowed).max(max, allowed);
};

export const text = (maxLength: number) => {
  const allowed = `text of 1 to ${maxLength} characters`;
  return z.string(allowed).min(1, allowed).max(maxLength, allowed);
};

/** Text of a certain form; `allowed` says which. */
export const textLike = (pattern: RegExp, allowed: string) => z.string(allowed).regex(pattern, allowed);

export const oneOf = <const T extends string>(values: readonly T[]) =>
  z.enum(values, `one of ${values.join(', ')}`);

/** BCM number of a line of the 40-pin header. */
export const gpioLine = () => wholeNumber(0, 27);

/** A 7-bit I2C address out of those a chip can be strapped to. */
export const i2cAddress = <const T extends number>(addresses: readonly T[]) =>
  z.literal(
    addresses,
    `one of the numbers ${addresses.map((address) => `0x${address.toString(16)}`).join(', ')}`,
  );
