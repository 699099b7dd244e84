import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createOneAtATime } from '../time/loops.ts';
import {
  type GpiodTools,
  type GpiosetLine,
  gpiosetHoldCommand,
  gpiosetOnceCommand,
} from './gpiomon/gpiod-tools.ts';
import { SYSFS_GPIO } from './header-chip.ts';
import type { OutputLine, OutputLineOptions } from './lines.ts';

type LineHolderOptions = OutputLineOptions & {
  /**
   * POSIX shell program that reads levels, `0` or `1`, from its standard input and answers each with `ok` or a
   * complaint. When its input ends, however its parent ended, it leaves the line at the inactive level.
   * Rejects where the line cannot be found.
   */
  readonly makeScript: (inactiveLevel: Level) => Promise<string>;
};

/** Electrical level. */
export type Level = 0 | 1;

/**
 * An output line in the hands of a small shell process: that outlives a crash of the daemon just long enough to
 * switch the line off. Linux keeps an output as it was when the process that set it is gone.
 */
export const createLineHolder = (options: LineHolderOptions): OutputLine => new LineHolder(options);

class LineHolder implements OutputLine {
  readonly #options: LineHolderOptions;
  readonly #oneAtATime = createOneAtATime();
  #holder: Holder | null = null;
  #isClosed = false;

  constructor(options: LineHolderOptions) {
    this.#options = options;
  }

  set(isActive: boolean): Promise<void> {
    return this.#oneAtATime(async () => {
      if (this.#isClosed) throw new Error(`GPIO ${this.#options.gpio} is closed`);
      const holder = this.#holder ?? (await this.#start());
      const answer = await holder.command(this.#levelOf(isActive));
      if (answer === 'ok') return;
      await this.#release();
      throw new Error(`GPIO ${this.#options.gpio} cannot be driven: ${answer}`);
    });
  }

  close(): Promise<void> {
    return this.#oneAtATime(() => {
      this.#isClosed = true;
      return this.#release();
    });
  }

  async #start(): Promise<Holder> {
    this.#holder = new Holder(await this.#options.makeScript(this.#levelOf(false)));
    return this.#holder;
  }

  async #release(): Promise<void> {
    const holder = this.#holder;
    this.#holder = null;
    await holder?.end();
  }

  #levelOf(isActive: boolean): Level {
    return isActive === this.#options.isActiveLow ? 0 : 1;
  }
}

/** The shell process. */
class Holder {
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #answer: (text: string) => void = () => undefined;

  constructor(script: string) {
    this.#child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#ended = endOf(this.#child);
    const { stdin, stdout } = this.#child;
    // Writing to a holder that is gone; that it is gone is what `#ended` tells.
    stdin?.on('error', () => undefined);
    if (stdout !== null) createInterface({ input: stdout }).on('line', (text) => this.#answer(text));
  }

  command(level: Level): Promise<string> {
    const answered = new Promise<string>((resolve) => {
      this.#answer = resolve;
    });
    this.#child.stdin?.write(`${level}\n`);
    return Promise.race([answered, this.#ended]);
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }
}

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-300);
    });
    child.once('error', ({ message }) => resolve(message));
    child.once('close', (status) => resolve(complaint.trim() || `its holder ended with status ${status}`));
  });

/**
 * Holds the line with gpioset, which cannot change a level while it runs: another one takes its place. Whether it has
 * the line shows in its open files; it says nothing when it has.
 */
export const gpiosetScript = (tools: GpiodTools, line: GpiosetLine): string => `
held=
release() { if [ -n "$held" ]; then kill "$held" 2>/dev/null; wait "$held" 2>/dev/null; held=; fi; }
finish() { trap '' TERM INT HUP; release; ${gpiosetOnceCommand(tools, line)}${line.inactiveLevel}; exit 0; }
trap finish TERM INT HUP
while read -r level; do
  release
  ${gpiosetHoldCommand(tools, line)}"$level" </dev/null >/dev/null &
  held=$!
  until ls -l "/proc/$held/fd" 2>/dev/null | grep -q gpio-line; do
    if ! kill -0 "$held" 2>/dev/null; then wait "$held"; exit 1; fi
    sleep 0.02
  done
  echo ok
done
finish
`;

/** Drives the line through sysfs; it stays exported, since giving it back may make it float. */
export const sysfsScript = (sysfsNumber: number, inactiveLevel: Level, root = SYSFS_GPIO): string => `
line=${root}/gpio${sysfsNumber}
finish() { trap '' TERM INT HUP; echo ${inactiveLevel} >"$line/value"; exit 0; }
[ -d "$line" ] || echo ${sysfsNumber} >${root}/export || exit 1
tries=0
until [ -w "$line/direction" ] && [ -w "$line/value" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 100 ]; then echo "no permission for $line" >&2; exit 1; fi
  sleep 0.02
done
if [ -w "$line/active_low" ]; then echo 0 >"$line/active_low"; fi
echo ${inactiveLevel === 1 ? 'high' : 'low'} >"$line/direction" || exit 1
trap finish TERM INT HUP
while read -r level; do
  echo "$level" >"$line/value" && echo ok || exit 1
done
finish
`;
