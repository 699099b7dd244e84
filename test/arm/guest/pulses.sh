# Run on the board: 100 Hz on GPIO 5 for 20 s through the kernel's own pinctrl-bcm2835 to gpiomon, while a process computes.
. test/arm/guest/hardware.sh
gpiomon -c gpiochip0 -e falling -b pull-up -F '%o' 5 >/run/edges &
monitor=$!
sleep 2
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
sleep 1
kill $load $monitor
counted=$(grep -c '^5$' /run/edges)
echo "PULSES $counted, $(head -n 1 /sys/kernel/contacts/state)"
[ "$counted" = 2000 ]
