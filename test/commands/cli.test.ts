import { describe, expect, it } from 'vitest';
import { type Commands, runCommandLine, unsupportedMachine } from '../../src/commands/cli.ts';
import type { CommandArguments } from '../../src/commands/command.ts';
import { createRecordingContext } from '../fakes/command-context.ts';

const run = async (...args: string[]) => {
  const calls: CommandArguments[] = [];
  const load: Commands[string] = () =>
    Promise.resolve({
      command: (values) => {
        calls.push(values);
        return values.config === 'broken'
          ? Promise.reject(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }))
          : Promise.resolve(78);
      },
    });
  const commands: Commands = { check: load, outbox: load, run: load };
  const context = createRecordingContext();
  const status = await runCommandLine(args, commands, context);
  return { status, calls, ...(await context.written()) };
};

describe('the command line', () => {
  it('runs the command with its operands and options, and ends with its status', async () => {
    const { status, calls } = await run('outbox', 'stats', '--config', 'station.yaml', '--json');

    expect(status).toBe(78);
    expect(calls).toEqual([{ operands: ['stats'], config: 'station.yaml', json: true }]);
  });

  it('tells its version and its usage', async () => {
    expect(await run('--version')).toMatchObject({ status: 0, out: '1.2.3\n' });
    expect((await run('check', '--help')).out).toMatch(/^Usage: weather-gateway COMMAND/);
  });

  it.each([
    [[], 'weather-gateway: no command given\n'],
    [['fly'], 'weather-gateway: unknown command fly\n'],
    [['constructor'], 'weather-gateway: unknown command constructor\n'],
    [['check', 'gateway.yaml'], 'weather-gateway: check does not take "gateway.yaml"\n'],
    [['outbox', 'stats', 'twice'], 'weather-gateway: outbox does not take "twice"\n'],
    [['check', '--force'], 'weather-gateway: check takes no --force\n'],
    [['run', '--json'], 'weather-gateway: run takes no --json\n'],
    [
      ['run', '--scenario', 'storm.yaml'],
      'weather-gateway: run takes --scenario and --seed only with --simulate\n',
    ],
    [['\u001b[2J'], 'weather-gateway: unknown command \\u001b[2J\n'],
    [['check', '--fast'], "weather-gateway: Unknown option '--fast'."],
  ])('refuses %j with a sentence and the usage', async (args, sentence) => {
    const { status, err } = await run(...args);

    expect(status).toBe(1);
    expect(err).toContain(sentence);
    expect(err).toContain('Usage:');
  });

  it('tells an error of the machine in one line', async () => {
    expect(await run('check', '--config', 'broken')).toMatchObject({
      status: 1,
      err: 'weather-gateway: EIO: i/o error, read\n',
    });
  });

  it('says early that a 32-bit system cannot run it', () => {
    expect(unsupportedMachine('arm')).toMatch(/32-bit system.*install 64-bit Raspberry Pi OS/);
    expect(unsupportedMachine('arm64')).toBeNull();
  });
});
