# Run on the Raspberry Pi 3 Model B, whose root is on its card: the daemon of the package that lies there, as in test/vm/guest/power-cut.sh.
# power-cut.long.test.ts sets $AFTER, $TIMES, $DELAY and $CONFIGURATION.
. test/vm/guest/until-cut.sh
mkdir -p /data
node /usr/lib/weather-gateway/*/dist/main.js run --config "$CONFIGURATION" --simulate --scenario test/vm/guest/downpour.yaml 2>&1 | until_cut
