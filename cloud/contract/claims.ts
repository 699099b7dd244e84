/**
 * Which stations may register by the claim: one item a station, key `id`. The operator lists a station as `expected`;
 * the provisioning hook makes `used` of it, for the key of that card; a revoked station stays `revoked` until it is
 * listed again, or until its signing request is signed, which makes it `used`. The item also holds `name` and
 * `endpoint`, which the card is told, and the `serial` of its board.
 */
export type ClaimState = 'expected' | 'used' | 'revoked';

/** Of the item that names the `station` of a board. No station id has a `#` in it. */
export const boardKey = (serial: string): string => `serial#${serial.toLowerCase()}`;

/** As the board tells it in small letters; a Raspberry Pi has 16 hexadecimal digits. */
export const SERIAL = /^[0-9a-z][0-9a-z._-]{3,63}$/;
