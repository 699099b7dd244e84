import { describe, expect, it } from 'vitest';
import { createAuthorization } from '../../src/http/guard.ts';

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

describe('the token', () => {
  const isAuthorized = createAuthorization('0123456789abcdef:x');

  it.each([
    ['a scraper', 'Bearer 0123456789abcdef:x'],
    ['a browser', basic('anyone:0123456789abcdef:x')],
    ['a browser without a user name', basic(':0123456789abcdef:x')],
    ['a scheme in other letters', 'bearer 0123456789abcdef:x'],
  ])('opens to %s that presents it', (_who, header) => {
    expect(isAuthorized(header)).toBe(true);
  });

  it.each([
    [undefined],
    [''],
    ['Bearer'],
    ['Bearer '],
    ['Bearer 0123456789abcdef'],
    ['0123456789abcdef:x'],
    ['Digest 0123456789abcdef:x'],
    [basic('0123456789abcdef:wrong')],
    [`Bearer ${'x'.repeat(5000)}`],
  ])('stays shut to %j', (header) => {
    expect(isAuthorized(header)).toBe(false);
  });

  it('is asked of nobody where none is set', () => {
    expect(createAuthorization(undefined)(undefined)).toBe(true);
  });
});
