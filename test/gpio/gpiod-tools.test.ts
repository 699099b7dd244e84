import { describe, expect, it } from 'vitest';
import {
  gpiomonArguments,
  gpiosetHoldCommand,
  gpiosetOnceCommand,
  hasGpiodTools,
  parseEdge,
  parseGpiodVersion,
} from '../../src/gpio/gpiomon/gpiod-tools.ts';

const chip = 'gpiochip0';
const outputLine = { gpio: 17, inactiveLevel: 0 } as const;
const relay = { gpio: 27, inactiveLevel: 1 } as const;

describe("libgpiod's tools", () => {
  it.each([
    ['gpiomon (libgpiod) v1.6.3\nCopyright (C) 2017-2018 Bartosz Golaszewski\n', 1],
    ['gpiomon (libgpiod) v2.2.1\nCopyright (C) 2017-2023 Bartosz Golaszewski\n', 2],
  ])('tell their version', (output, version) => {
    expect(parseGpiodVersion(output)).toBe(version);
  });

  it('of a version to come are refused by name', () => {
    expect(() => parseGpiodVersion('gpiomon (libgpiod) v3.0\n')).toThrow(
      'gpiomon is of an unknown version: gpiomon (libgpiod) v3.0',
    );
  });

  it('of 1.6 are called in its way', () => {
    const tools = { version: 1, chip } as const;

    expect(gpiomonArguments(tools, [5, 6]).join(' ')).toBe(
      '--line-buffered --bias=pull-up --format=%o %e %s.%n gpiochip0 5 6',
    );
    expect([gpiosetHoldCommand(tools, outputLine), gpiosetOnceCommand(tools, relay)]).toEqual([
      'gpioset --mode=signal --bias=pull-down gpiochip0 17=',
      'gpioset --mode=exit --bias=pull-up gpiochip0 27=',
    ]);
  });

  it('of 2 are called in its way', () => {
    const tools = { version: 2, chip } as const;

    expect(gpiomonArguments(tools, [5, 6]).join(' ')).toBe(
      '--chip gpiochip0 --edges=both --bias=pull-up --format=%o %e %S 5 6',
    );
    expect([gpiosetHoldCommand(tools, outputLine), gpiosetOnceCommand(tools, relay)]).toEqual([
      'gpioset --bias=pull-down --chip gpiochip0 17=',
      'gpioset --toggle 0 --bias=pull-up --chip gpiochip0 27=',
    ]);
  });

  it.each([
    [1, '5 0 10.187125976', { line: 5, level: 0, atMs: 10_187.125976 }],
    [1, '6 1 10.187', { line: 6, level: 1, atMs: 10_000.000187 }],
    [1, '5 0 3600.0', { line: 5, level: 0, atMs: 3_600_000 }],
    [2, '5 2 10.000000187', { line: 5, level: 0, atMs: 10_000.000187 }],
    [2, '5 1 10.000000187', { line: 5, level: 1, atMs: 10_000.000187 }],
  ] as const)('print edges; %i: %s', (version, text, edge) => {
    expect(parseEdge(version, text)).toEqual({ ...edge, atMs: expect.closeTo(edge.atMs, 6) });
  });

  it.each([
    [1, '5 2 10.5'],
    [2, '5 3 10.500000000'],
    [2, '5 0 10.500000000'],
    [1, ''],
    [1, '5 0 10'],
    [1, '5 0 10.'],
    [1, '-5 0 10.5'],
    [1, '5 0 10.1871259761'],
    [1, '5 0 10.5 5 0 10.6'],
    [1, 'gpiomon: error waiting for events'],
  ] as const)('print nothing else that is taken for an edge; %i: %s', (version, text) => {
    expect(parseEdge(version, text)).toBeNull();
  });

  it('are looked for where they are', async () => {
    expect(typeof (await hasGpiodTools())).toBe('boolean');
  });
});
