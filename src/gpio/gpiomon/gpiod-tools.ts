// The command lines of libgpiod's tools, which changed between 1.6 (Bookworm) and 2 (Trixie).
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseGpiodetect } from '../header-chip.ts';
import type { Edge, EdgeLevel } from '../lines.ts';

type GpiodVersion = 1 | 2;

/** The installed tools and the chip of the header. */
export type GpiodTools = { readonly version: GpiodVersion; readonly chip: string };

const run = promisify(execFile);

export const parseGpiodVersion = (output: string): GpiodVersion => {
  const major = /\(libgpiod\) v?(\d+)\./.exec(output)?.[1];
  if (major === '1' || major === '2') return Number(major) === 1 ? 1 : 2;
  throw new Error(`gpiomon is of an unknown version: ${output.split('\n')[0] ?? ''}`);
};

/** Whether libgpiod's tools are installed. */
export const hasGpiodTools = async (): Promise<boolean> =>
  run('gpiomon', ['--version']).then(
    () => true,
    () => false,
  );

export const findGpiodTools = async (): Promise<GpiodTools> => {
  const [version, chips] = await Promise.all([run('gpiomon', ['--version']), run('gpiodetect')]).catch(
    (cause: unknown) => {
      throw new Error("libgpiod's tools do not work: install the package gpiod", { cause });
    },
  );
  return { version: parseGpiodVersion(version.stdout), chip: parseGpiodetect(chips.stdout) };
};

/**
 * Both edges with pull-ups, a line of text each: line, kind of edge, CLOCK_MONOTONIC of the interrupt. Without the
 * kernel's debounce: it has one period for all lines, 1.6 has none, and it loses closures that are shorter.
 */
export const gpiomonArguments = ({ version, chip }: GpiodTools, lines: readonly number[]): string[] => {
  const offsets = lines.map(String);
  if (version === 1) return ['--line-buffered', '--bias=pull-up', '--format=%o %e %s.%n', chip, ...offsets];
  return ['--chip', chip, '--edges=both', '--bias=pull-up', '--format=%o %e %S', ...offsets];
};

const edgeLevels: Readonly<Record<GpiodVersion, Readonly<Record<string, EdgeLevel>>>> = {
  1: { 0: 0, 1: 1 },
  2: { 1: 1, 2: 0 },
};

/** `null` for what is no edge. The nanoseconds of 1.6 have no leading zeros: 10.187 may mean 10.000000187. */
export const parseEdge = (version: GpiodVersion, text: string): Edge | null => {
  const [, line, kind = '', seconds, nanoseconds] = /^(\d+) (\d) (\d+)\.(\d{1,9})$/.exec(text) ?? [];
  const level = edgeLevels[version][kind];
  if (level === undefined) return null;
  return { line: Number(line), level, atMs: Number(seconds) * 1_000 + Number(nanoseconds) / 1e6 };
};

export type GpiosetLine = { readonly gpio: number; readonly inactiveLevel: 0 | 1 };

/**
 * Whoever releases a line leaves it to the kernel, which may make it an input: the pull resistor then keeps it
 * inactive, where nothing stronger on the board decides.
 */
const bias = ({ inactiveLevel }: GpiosetLine): string => `--bias=pull-${inactiveLevel === 1 ? 'up' : 'down'}`;

/** Holds a line at a level for as long as it runs. */
export const gpiosetHoldCommand = ({ version, chip }: GpiodTools, line: GpiosetLine): string =>
  version === 1
    ? `gpioset --mode=signal ${bias(line)} ${chip} ${line.gpio}=`
    : `gpioset ${bias(line)} --chip ${chip} ${line.gpio}=`;

/** Sets a line and ends. */
export const gpiosetOnceCommand = ({ version, chip }: GpiodTools, line: GpiosetLine): string =>
  version === 1
    ? `gpioset --mode=exit ${bias(line)} ${chip} ${line.gpio}=`
    : `gpioset --toggle 0 ${bias(line)} --chip ${chip} ${line.gpio}=`;
