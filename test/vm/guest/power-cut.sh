# Run in the test machine: the daemon of /dev/vda with its data on /dev/vdb, told on the console of each stored reading,
# until the power is cut $DELAY s after $TIMES lines with $AFTER. power-cut.test.ts sets them, and $CONFIG.
. test/vm/guest/until-cut.sh
mkdir -p /data /release
mount -t ext4 -o ro /dev/vda /release
mount -t ext4 /dev/vdb /data
/release/node /release/release/dist/main.js run --config "$CONFIG" --simulate --scenario test/vm/guest/downpour.yaml 2>&1 | until_cut
