# Run in the test machine under its systemd: the life of the service, from the installation to the removal. The machine boots
# and the release is installed once for all of it.
. test/vm/guest/station.sh

# A file system of the store's own, which can be frozen.
truncate -s 1G /run/store.img
mkfs.ext4 -q -J size=4 /run/store.img
mkdir -p $data
mount -o loop /run/store.img $data

check installed systemd/install.sh --release /run/disk/release || exit 1
check active is_property ActiveState active
check values arrives 120 '"temperature":25.1,"humidity":55,"winddirection":90.*"pressure":1006.5'
check verified bash -c "! systemd-analyze verify --man=no /etc/systemd/system/$unit.service 2>&1 | grep $unit"
echo "EXPOSURE $(systemd-analyze security --no-pager $unit | tail -1)"
tip 4
check gpiomon arrives 30 '"windintensity":[1-9]'
check status-line wait_for 40 systemctl status $unit
echo "STATUS $(property StatusText)"
# No NTP reaches the machine, and it says so.
check doctor bash -c "! weather-gateway doctor | grep FAIL | grep -v clock"
air 0x65 0x5a 0xc0 0x7f 0x32 0x80
check changed-values arrives 30 '"temperature":25.4'

# SIGTERM
from=$SECONDS
check stops systemctl stop $unit
check stops-in-time [ $((SECONDS - from)) -le 8 ]
check stopped-well is_property Result success
check says-offline wait_for 5 grep -q '"state":"offline"' $messages

# The other backend, started by systemctl alone
configure -e 's/gpioBackend: auto/gpioBackend: onoff/'
check starts-with-onoff systemctl start $unit
check onoff-counts arrives 120 '"windintensity":[1-9]'
tip 3
arrives 10 reading
configure -e ''
arrives 10 reading

# kill -9: back by itself, on the first backend again
systemctl kill -s KILL --kill-who=main $unit
check back-after-kill wait_for 40 is_property NRestarts 1
check values-after-kill arrives 120 '"windintensity":[1-9]'
tip 2

# Stopped as a whole: the watchdog restarts it
restarts=$(property NRestarts)
systemctl kill -s STOP --kill-who=main $unit
# 25 s for the watchdog, 5 s until the restart: systemd waits for nothing else.
check watchdog wait_for 45 is_property NRestarts $((restarts + 1))
check values-after-watchdog arrives 120 '"windintensity":[1-9]'
tip 2
arrives 10 reading

# A disk that takes no more writes: the process lives and measures, but nothing is stored
restarts=$(property NRestarts)
main=$(property MainPID)
fsfreeze -f $data
says_frozen() { journalctl _PID="$main" -o cat | grep -q 'the watchdog is not fed'; }
check lives-when-frozen wait_for 60 says_frozen
check runs-when-frozen is_property MainPID "$main"
check watchdog-when-frozen wait_for 60 is_property Result watchdog
fsfreeze -u $data
check back-after-freeze wait_for 60 is_property NRestarts $((restarts + 1))
check values-after-freeze arrives 120 '"windintensity":[1-9]'
tip 2
arrives 10 reading

# An upgrade over it, and one that does not start
check upgrades systemd/install.sh --release /run/disk/release
check values-after-upgrade arrives 120 '"windintensity":[1-9]'
release=$(readlink /opt/weather-gateway/current)
mkdir -p /run/broken/dist
cp -r config systemd package.json /run/broken/
printf '#!/bin/sh\nexit 1\n' >/run/broken/dist/main.js
chmod +x /run/broken/dist/main.js
check refuses-broken-release bash -c '! systemd/install.sh --release /run/broken'
check keeps-release [ "$(readlink /opt/weather-gateway/current)" = "$release" ]
check values-after-broken-release arrives 120 '"windintensity":[1-9]'

. test/vm/guest/mast.sh
. test/vm/guest/jobs.sh

# A bad configuration
configure -e 's/intervalSeconds: 3/intervalSeconds: 0/'
check refuses-bad-configuration bash -c "! systemctl restart $unit"
nap 7
check no-restart-loop is_property NRestarts 0
check exit-status is_property ExecMainStatus 78
configure -e ''
systemctl start $unit
check values-at-last arrives 120 '"windintensity":[1-9]'
systemctl stop $unit
nap 1

# Removed, without and with what it measured; the store moves to where it can be removed
mkdir /run/store
cp -a $data/. /run/store/
umount $data
cp -a /run/store/. $data/
check uninstalls systemd/install.sh --uninstall
check keeps-data test -e $data/store -a -e $etc/device.key
check removes-program bash -c "! ls -d /opt/weather-gateway && ! ls -d /usr/local/bin/weather-gateway && ! systemctl cat $unit"
check purges systemd/install.sh --uninstall --purge
check removes-data bash -c "! ls -d $data && ! ls -d $etc && ! id $unit"
print_results
