import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Interrupted, openTerminal } from '../../src/setup/dialogue.ts';

const open = (signal = new AbortController().signal) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  output.setEncoding('utf8');
  return { input, output, terminal: openTerminal(input, output, signal) };
};

describe('the terminal of setup', () => {
  it('writes, and reads a line after its prompt', async () => {
    const { input, output, terminal } = open();
    terminal.write('Found:\n');
    const answer = terminal.readLine('Name: ');
    input.write('Roof\n');

    expect(await answer).toBe('Roof');
    expect(output.read()).toBe('Found:\nName: ');
    terminal.close();
  });

  it('ends the reading with its input', async () => {
    const { input, terminal } = open();
    const answer = terminal.readLine('Name: ');
    input.end();

    await expect(answer).rejects.toThrow(Interrupted);
    await expect(terminal.readLine('Again: ')).rejects.toThrow(Interrupted);
  });

  it('ends the reading with the program', async () => {
    const stop = new AbortController();
    const { terminal } = open(stop.signal);
    const answer = terminal.readLine('Name: ');
    stop.abort();

    await expect(answer).rejects.toThrow(Interrupted);
    terminal.close();
  });
});
