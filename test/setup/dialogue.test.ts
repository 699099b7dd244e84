import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Dialogue, Interrupted, openTerminal } from '../../src/setup/dialogue.ts';

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

  it('takes no letters that it cannot read: those of a terminal that is not in UTF-8', async () => {
    const { input, output, terminal } = open();
    const question = { text: 'Its name', standard: 'A', parse: (value: string) => ({ value }) };
    const answer = new Dialogue(terminal).ask(question);
    input.write(Buffer.from('Z\u00fcrich\n', 'latin1'));
    await expect.poll(() => output.read()).toMatch(/Please give text in UTF-8[^\n]*\.\nIts name \[A\]: $/);
    input.write('Z\u00fcrich\n');

    expect(await answer).toBe('Z\u00fcrich');
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
