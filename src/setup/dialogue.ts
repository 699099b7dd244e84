// How answers are understood.
import { createInterface } from 'node:readline/promises';
import type { z } from 'zod';

/** Where somebody types. */
export type Terminal = {
  write(text: string): void;
  /** One line as it was typed. Rejects with `Interrupted` once nobody types any more. */
  readLine(prompt: string): Promise<string>;
};

/** Ctrl-C, Ctrl-D, or the end of the terminal. */
export class Interrupted extends Error {
  constructor() {
    super('ended before anything was written');
    this.name = 'Interrupted';
  }
}

/** A value, or what is allowed in words. */
export type Parsed<T> = { readonly value: T } | { readonly allowed: string };

type Question<T> = {
  readonly text: string;
  /** What Enter means, as one would type it. */
  readonly standard: string;
  parse(typed: string): Parsed<T>;
};

/** What bytes become that are not UTF-8. */
const UNREADABLE = '\ufffd';
const IN_UTF8 = { allowed: 'text in UTF-8, which this terminal does not send' };

/** Questions with an answer for Enter each. What is not understood gets one line and the question again. */
export class Dialogue {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  say(text: string): void {
    this.#terminal.write(`${text}\n`);
  }

  /** In the place of the line before, for what changes while one looks. */
  show(text: string): void {
    this.#terminal.write(`\r\u001b[K  ${text}`);
  }

  async ask<T>({ text, standard, parse }: Question<T>): Promise<T> {
    for (;;) {
      const typed = (await this.#terminal.readLine(`${text} [${standard}]: `)).trim();
      const parsed = typed.includes(UNREADABLE) ? IN_UTF8 : parse(typed === '' ? standard : typed);
      if ('value' in parsed) return parsed.value;
      this.say(`  Please give ${parsed.allowed}.`);
    }
  }

  confirm(text: string, standard: boolean): Promise<boolean> {
    return this.ask({
      text,
      standard: standard ? 'yes' : 'no',
      parse: (typed) => {
        if (/^y(es)?$/i.test(typed)) return { value: true };
        return /^no?$/i.test(typed) ? { value: false } : { allowed: 'yes or no' };
      },
    });
  }

  choose<const T extends string>(text: string, options: readonly T[], standard: T): Promise<T> {
    return this.ask({
      text: `${text} (${options.join(', ')})`,
      standard,
      parse: (typed) => {
        const value = options.find((option) => option === typed.toLowerCase());
        return value === undefined ? { allowed: `one of ${options.join(', ')}` } : { value };
      },
    });
  }

  /** Runs something that shows what happens, until Enter. */
  async untilEnter<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const entered = this.#terminal.readLine('').finally(() => stop.abort(new Error('enough was seen')));
    // Awaited below; until then the work goes on.
    entered.catch(() => undefined);
    try {
      return await work(stop.signal);
    } finally {
      if (!stop.signal.aborted) this.say('Enter goes on.');
      await entered;
    }
  }
}

type OpenTerminal = Terminal & { close(): void };

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

/** Asks for what a schema allows. */
export const as =
  <T>(schema: z.ZodType<T>) =>
  (typed: string): Parsed<T> => {
    const { data, error } = schema.safeParse(typed);
    return error === undefined ? { value: data } : { allowed: error.issues[0]?.message ?? 'another value' };
  };

/** Numbers may have a decimal comma. */
export const asNumber =
  (schema: z.ZodType<number | undefined>) =>
  (typed: string): Parsed<number> => {
    const { data, error } = schema.safeParse(typed === '' ? Number.NaN : Number(typed.replace(',', '.')));
    return error === undefined && data !== undefined
      ? { value: data }
      : { allowed: error?.issues[0]?.message ?? 'a number' };
  };

export const NONE = 'none';

/** A value that may be left out. */
export const orNone =
  <T>(parse: (typed: string) => Parsed<T>) =>
  (typed: string): Parsed<T | undefined> => {
    if (typed.toLowerCase() === NONE) return { value: undefined };
    const parsed = parse(typed);
    return 'value' in parsed ? parsed : { allowed: `${parsed.allowed}, or ${NONE}` };
  };

export const textOf = (value: unknown, otherwise: string): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : otherwise;
