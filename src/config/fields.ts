import { isIP } from 'node:net';
import { z } from 'zod';
import { bcmOfPin, HEADER_PINS } from '../gpio/header-pins.ts';

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

/** Name of a device or of a file of it in /sys; `allowed` gives examples. */
export const kernelName = (allowed: string) => textLike(/^[\w:.,+-]{1,64}$/, allowed);

export const oneOf = <const T extends string>(values: readonly T[]) =>
  z.enum(values, `one of ${values.join(', ')}`);

const MAX_BCM = 27;

/** What was probably meant: a pin of the header, or a name such as GPIO5. */
const gpioHint = (written: unknown): string => {
  const name = typeof written === 'string' ? /^(?:gpio|bcm) ?(\d{1,2})$/i.exec(written)?.[1] : undefined;
  if (name !== undefined && Number(name) <= MAX_BCM) return ` (${Number(name)} for this one)`;
  if (typeof written !== 'number' || !Number.isInteger(written)) return '';
  if (written <= MAX_BCM || written > HEADER_PINS) return '';
  const bcm = bcmOfPin(written);
  return bcm === undefined
    ? ` (pin ${written} of the header is ground)`
    : ` (pin ${written} of the header is BCM ${bcm})`;
};

/** BCM number of a line of the 40-pin header. */
export const gpioLine = () => {
  const error = ({ input }: { readonly input?: unknown }): string =>
    `a BCM number from 0 to ${MAX_BCM}${gpioHint(input)}`;
  return z.int({ error }).min(0, { error }).max(MAX_BCM, { error });
};

/** A 7-bit I2C address out of those a chip can be strapped to. */
export const i2cAddress = <const T extends number>(addresses: readonly T[]) =>
  z.literal(
    addresses,
    `one of the numbers ${addresses.map((address) => `0x${address.toString(16)}`).join(', ')}`,
  );

/** Whether an address or host name, IPv6 with or without brackets, means this machine itself. */
export const isLoopback = (host: string): boolean => {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
};
