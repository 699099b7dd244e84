# Sourced on the board: 100 Hz on GPIO 5 for 20 s through the kernel's own pinctrl-bcm2835 to gpiomon, while a process computes.
kill "$cups"
counted() {
  local edges load monitor
  gpiomon -c gpiochip0 -e falling -b pull-up -F '%o' 5 >/run/edges &
  monitor=$!
  nap 2
  (while :; do :; done) &
  load=$!
  node -e '
const { openSync, writeSync } = require("node:fs");
const level = openSync("/sys/kernel/contacts/level", "w");
const pulses = 2000;
let sent = 0;
const next = () => {
  writeSync(level, "5 0");
  setTimeout(() => {
    writeSync(level, "5 1");
    sent += 1;
    if (sent < pulses) setTimeout(next, 6);
  }, 4);
};
next();'
  nap 1
  kill $load $monitor
  edges=$(grep -c '^5$' /run/edges)
  echo "PULSES $edges of 2000, $(head -n 1 /sys/kernel/contacts/state)" >/run/counted
  [ "$edges" = 2000 ]
}
check counts-100-hz counted
cat /run/counted
