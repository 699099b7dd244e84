# Sourced by service.sh while the service runs: what happens on a mast. At its end everything is as it was.

# A chip that is no longer the right one, then a bus that is missing at boot and appears later
i2cset -y 0 0x76 0xd0 0x61
check chip-gone arrives 40 '"temperature":null.*"windintensity":[1-9]'
systemctl stop $unit
check bus-goes busybox rmmod i2c-stub
check starts-without-bus systemctl start $unit
check measures-without-bus arrives 60 '"temperature":null.*"windintensity":[1-9]'
check doctor-has-a-remedy bash -c "weather-gateway doctor | grep -A 1 'FAIL  buses' | grep raspi-config"
insert_chips 0x76
check sensor-appears arrives 60 '"temperature":25.1'

# The bus goes under the running daemon. The kernel keeps one that is open: the vane, still missing, makes the daemon
# close it again and again.
main=$(property MainPID)
check bus-goes-again wait_for 60 busybox rmmod i2c-stub
check measures-on arrives 60 '"temperature":null.*"windintensity":[1-9]'
insert_chips 0x76,0x48
check both-chips-appear arrives 60 '"temperature":25.1.*"winddirection":90'

# The chip of the lines goes as well
echo 0 >$header/live
check lines-go arrives 60 '"temperature":25.1.*"windintensity":null'
echo 1 >$header/live
pull_up
check lines-return arrives 60 '"windintensity":[1-9]'
check same-process is_property MainPID "$main"
tip 2
arrives 10 reading

# Without a network for longer than the watchdog waits
main=$(property MainPID)
stop_broker
nap 30
check lives-offline is_property MainPID "$main"
start_broker
check backlog arrives 40 'vm/(reading|backlog)'

# The clock: a year forward and back, known to be right, then not known at all
check steps-forward date -s '+1 year'
check measures-next-year arrives 40 'vm/(reading|backlog)'
check steps-back date -s '-1 year'
check measures-again arrives 40 'vm/(reading|backlog)'
rm /run/systemd/timesync/synchronized
# What it knew of this boot is saved, so that they may come at once.
from=$(count)
systemctl restart $unit
date -s '-1 year'
nap 8
date -s '+1 year'
synchronize
check corrected wait_for 90 has_new "$from" '"timequality":"corrected"'
check lives-through-steps is_property ActiveState active

tip 2
arrives 10 reading
