import { describe, expect, it } from 'vitest';
import { type Commands, runCommandLine, unsupportedMachine } from '../../src/commands/cli.ts';
import type { CommandArguments } from '../../src/commands/command.ts';
import { createRecordingContext } from '../fakes/command-context.ts';

const run = async (...args: string[]) => {
  const calls: CommandArguments[] = [];
  const commands: Commands = {
    check: () =>
      Promise.resolve({
        command: (values) => {
          calls.push(values);
          return Promise.resolve(78);
        },
      }),
  };
  const context = createRecordingContext();
  const status = await runCommandLine(args, commands, context);
  return { status, calls, ...(await context.written()) };
};

describe('the command line', () => {
  it('runs the command with its operands and options, and ends with its status', async () => {
    const { status, calls } = await run('check', 'a', '--config', 'station.yaml', '--json');

    expect(status).toBe(78);
    expect(calls).toEqual([{ operands: ['a'], config: 'station.yaml', json: true }]);
  });

  it('tells its version and its usage', async () => {
    expect(await run('--version')).toMatchObject({ status: 0, out: '1.2.3\n' });
    expect((await run('check', '--help')).out).toMatch(/^Usage: weather-gateway COMMAND/);
  });

  it.each([
    [[], 'weather-gateway: no command given\n'],
    [['fly'], 'weather-gateway: unknown command fly\n'],
    [['constructor'], 'weather-gateway: unknown command constructor\n'],
    [['check', '--fast'], "weather-gateway: Unknown option '--fast'."],
  ])('refuses %j with a sentence and the usage', async (args, sentence) => {
    const { status, err } = await run(...args);

    expect(status).toBe(1);
    expect(err).toContain(sentence);
    expect(err).toContain('Usage:');
  });

  it('says early that a 32-bit system cannot run it', () => {
    expect(unsupportedMachine('arm')).toMatch(/32-bit system.*install 64-bit Raspberry Pi OS/);
    expect(unsupportedMachine('arm64')).toBeNull();
  });
});
