# Run in the test machine: the daemon of /dev/vda with its data on /dev/vdb, told on the console of each stored reading,
# until the power is cut $DELAY s after $TIMES lines with $AFTER. power-cut.test.ts sets them, and $CONFIG.
mkdir -p /data /release
mount -t ext4 -o ro /dev/vda /release
mount -t ext4 /dev/vdb /data
seen=0
/release/node /release/release/dist/main.js run --config "$CONFIG" --simulate --scenario test/vm/guest/downpour.yaml 2>&1 |
  while read -r line; do
    echo "$line"
    [[ $line == *"$AFTER"* ]] || continue
    seen=$((seen + 1))
    [ $seen != "$TIMES" ] || (sleep "$DELAY" && echo POWER-CUT) &
  done
