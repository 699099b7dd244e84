import { describe, expect, it } from 'vitest';
import { isLoopback } from '../../src/config/fields.ts';

describe('a loopback address', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.1', '::1', '[::1]'])('is %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '192.168.1.4', '127.0.0.1.example', 'localhost.example', '128.0.0.1', ''])(
    'is not %j',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});
