import { describe, expect, it } from 'vitest';
import { openPreAlertOutputs } from '../../src/pre-alerts/alert-outputs.ts';
import { createSimulatedOutputLines } from '../../src/simulation/simulated-gpio.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { heatRule } from '../fakes/pre-alert-rules.ts';

const statusOf = (rule: string, state: string) => ({ rule, state });

const setUp = (isBroken: () => boolean = () => false) => {
  const log = createRecordingLog();
  const lines = createSimulatedOutputLines();
  const told: boolean[] = [];
  const outputs = openPreAlertOutputs({
    rules: [
      heatRule({ id: 'heat', output: { gpio: 17 } }),
      heatRule({ id: 'trend', output: { gpio: 17 } }),
      heatRule({ id: 'gust', output: { gpio: 22, activeLow: true } }),
      heatRule({ id: 'frost' }),
    ],
    buses: {
      openOutputLine: async (options) => {
        const line = await lines.open(options);
        return {
          ...line,
          set: (isActive) => {
            told.push(isActive);
            return isBroken() ? Promise.reject(new Error('busy')) : line.set(isActive);
          },
        };
      },
    },
    log,
  });
  return { log, told, outputs, levelOf: (gpio: number) => lines.levels().get(gpio) };
};

describe('the outputs of pre-alerts', () => {
  it('are on while a rule is active or clearing, at the level that is active for them', async () => {
    const { outputs, levelOf } = setUp();

    await outputs.show([statusOf('heat', 'pending'), statusOf('gust', 'normal')]);
    expect([levelOf(17), levelOf(22)]).toEqual([0, 1]);
    await outputs.show([statusOf('heat', 'active'), statusOf('gust', 'active')]);
    expect([levelOf(17), levelOf(22)]).toEqual([1, 0]);
    await outputs.show([statusOf('heat', 'clearing'), statusOf('gust', 'unknown')]);
    expect([levelOf(17), levelOf(22)]).toEqual([1, 1]);
  });

  it('stay on as long as one of the rules that share them is active', async () => {
    const { outputs, levelOf } = setUp();

    await outputs.show([statusOf('heat', 'active'), statusOf('trend', 'active')]);
    await outputs.show([statusOf('heat', 'normal'), statusOf('trend', 'active')]);
    expect(levelOf(17)).toBe(1);
    expect(outputs.statusOf('heat')).toEqual({ gpio: 17, state: 'on' });
    await outputs.show([statusOf('heat', 'normal'), statusOf('trend', 'normal')]);
    expect(levelOf(17)).toBe(0);
    expect(outputs.statusOf('trend')).toEqual({ gpio: 17, state: 'off' });
    expect(outputs.statusOf('frost')).toBeNull();
  });

  it('are told only what changes', async () => {
    const { outputs, told } = setUp();
    for (let time = 0; time < 5; time += 1) await outputs.show([statusOf('heat', 'active')]);

    expect(told).toEqual([true, false]);
  });

  it('that cannot be driven are logged once, and tried again until they can', async () => {
    let isBroken = true;
    const { outputs, levelOf, log } = setUp(() => isBroken);
    expect(outputs.statusOf('heat')).toEqual({ gpio: 17, state: 'waiting' });
    await outputs.show([statusOf('heat', 'active')]);
    await outputs.show([statusOf('heat', 'active')]);
    expect(outputs.statusOf('heat')).toEqual({ gpio: 17, state: 'failing' });
    isBroken = false;
    await outputs.show([statusOf('heat', 'active')]);

    expect(levelOf(17)).toBe(1);
    expect(log.lines().map(({ message, gpio }) => `${gpio} ${message}`)).toEqual([
      '17 the output line cannot be driven',
      '22 the output line cannot be driven',
      '17 the output line works again',
      '22 the output line works again',
    ]);
  });
});
