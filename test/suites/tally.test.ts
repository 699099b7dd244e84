import { describe, expect, it } from 'vitest';
import { tallyOf, totalOf } from './tally.ts';

const vitest = (counts: string): string =>
  ` Test Files  1 failed | 2 passed (3)\n\u001b[2m      Tests \u001b[22m ${counts}\n   Start at  17:19:01\n`;

const surefire = [
  '[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.2 s -- in weather.AlertsTest',
  '[INFO] Results:',
  '[INFO] Tests run: 41, Failures: 1, Errors: 2, Skipped: 0',
].join('\n');

describe('the tally of a suite', () => {
  it.each([
    ['vitest, all passed', vitest('48 passed (48)'), true, { passed: 48, failed: 0 }],
    ['vitest, one failed', vitest('1 failed | 3 passed (4)'), false, { passed: 3, failed: 1 }],
    ['vitest, all failed', vitest('2 failed (2)'), false, { passed: 0, failed: 2 }],
    ['vitest twice', vitest('2 passed (2)') + vitest('3 passed (3)'), true, { passed: 5, failed: 0 }],
    ['Surefire, its sum', surefire, false, { passed: 38, failed: 3 }],
    ['nothing counted, passed', '500 faults injected\n', true, { passed: 1, failed: 0 }],
    ['nothing counted, failed', 'PROBLEM a reading is lost\n', false, { passed: 0, failed: 1 }],
    ['all passed, and it failed', vitest('48 passed (48)'), false, { passed: 48, failed: 1 }],
  ])('counts %s', (_, output, hasPassed, tally) => {
    expect(tallyOf(output, hasPassed)).toEqual(tally);
  });

  it('adds up', () => {
    expect(
      totalOf([
        { passed: 48, failed: 1 },
        { passed: 2, failed: 0 },
      ]),
    ).toEqual({ passed: 50, failed: 1 });
    expect(totalOf([])).toEqual({ passed: 0, failed: 0 });
  });
});
