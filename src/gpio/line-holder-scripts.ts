import {
  type GpiodTools,
  type GpiosetLine,
  gpiosetHoldCommand,
  gpiosetOnceCommand,
} from './gpiomon/gpiod-tools.ts';
import type { Level } from './line-holder.ts';

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

const SYSFS_GPIO = '/sys/class/gpio';

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
