// The 40-pin header of every Raspberry Pi since the B+.

/** BCM numbers by pin; the others are supply and ground. */
const BCM_OF_PIN: Readonly<Record<number, number>> = {
  3: 2,
  5: 3,
  7: 4,
  8: 14,
  10: 15,
  11: 17,
  12: 18,
  13: 27,
  15: 22,
  16: 23,
  18: 24,
  19: 10,
  21: 9,
  22: 25,
  23: 11,
  24: 8,
  26: 7,
  27: 0,
  28: 1,
  29: 5,
  31: 6,
  32: 12,
  33: 13,
  35: 19,
  36: 16,
  37: 26,
  38: 20,
  40: 21,
};

const SUPPLY: Readonly<Record<number, string>> = { 1: '3.3 V', 2: '5 V', 4: '5 V', 17: '3.3 V' };
const NAMES: Readonly<Record<number, string>> = { 2: 'SDA', 3: 'SCL', 4: '1-Wire' };
export const HEADER_PINS = 40;

/** `undefined` for supply and ground. */
export const bcmOfPin = (pin: number): number | undefined => BCM_OF_PIN[pin];

export const pinOf = (bcm: number): number | undefined =>
  Number(Object.keys(BCM_OF_PIN).find((pin) => BCM_OF_PIN[Number(pin)] === bcm)) || undefined;

export const lineName = (bcm: number): string => `BCM ${bcm} (pin ${pinOf(bcm) ?? '?'})`;

const labelOf = (pin: number): string => {
  const bcm = bcmOfPin(pin);
  if (bcm === undefined) return SUPPLY[pin] ?? 'ground';
  return NAMES[bcm] === undefined ? `BCM ${bcm}` : `BCM ${bcm} ${NAMES[bcm]}`;
};

/** The header as one looks at it, pin 1 at the corner with the SD card. */
export const headerDrawing = (): string =>
  Array.from({ length: HEADER_PINS / 2 }, (_, row) => {
    const [left, right] = [2 * row + 1, 2 * row + 2];
    return `  ${labelOf(left).padStart(12)}  ${String(left).padStart(2)} | ${String(right).padEnd(2)}  ${labelOf(right)}\n`;
  }).join('');

/** The line somebody means by "5", "BCM 5", "GPIO5" or "pin 29"; `null` for anything else. */
export const parseLine = (typed: string): number | null => {
  const { pin, bcm } = /^(?:pin *(?<pin>\d{1,2})|(?:gpio|bcm)? *(?<bcm>\d{1,2}))$/i.exec(typed)?.groups ?? {};
  const line = pin === undefined ? Number(bcm) : bcmOfPin(Number(pin));
  return line === undefined || pinOf(line) === undefined ? null : line;
};
