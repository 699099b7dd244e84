import { createInterface } from 'node:readline/promises';
import { Interrupted, type Terminal } from './dialogue.ts';

export type OpenTerminal = Terminal & { close(): void };

/** The terminal of the process. Ctrl-C, which a terminal in raw mode hands over as a key, and Ctrl-D end the reading. */
export const openTerminal = (
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): OpenTerminal => {
  const lines = createInterface({ input, output, historySize: 0 });
  const ended = new AbortController();
  const either = AbortSignal.any([ended.signal, signal]);
  lines.on('SIGINT', () => ended.abort());
  lines.on('close', () => ended.abort());
  return {
    write: (text) => {
      output.write(text);
    },
    readLine: async (prompt) => {
      try {
        return await lines.question(prompt, { signal: either });
      } catch (error) {
        if (either.aborted) throw new Interrupted();
        throw error;
      }
    },
    close: () => lines.close(),
  };
};
