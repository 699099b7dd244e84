/** Control characters other than tab and line feed, which a terminal would obey. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text from a file, a network or another program, made safe for a terminal: `\u001b` for ESC. */
export const printable = (text: string): string =>
  text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The same for every text of a JSON value. */
export const printableValue = (value: unknown): unknown => {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(printableValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [printable(key), printableValue(each)]),
  );
};

/** Every byte of JSON output that a terminal would obey is written as an escape that means the same. */
export const printableJson = (value: unknown, indent?: number): string =>
  printable(JSON.stringify(value, null, indent));
