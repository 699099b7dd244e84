# Run in the test machine under its systemd: installs the release and puts the service through what happens on a mast.
# service.test.ts sets $FOLDER (certificates, mosquitto.conf) and $RELEASE, and reads what this prints:
#   CHECK name ok|failed detail · TIPS n, all that the rain gauge was tipped · at the end every MESSAGE.
unit=weather-gateway
etc=/etc/weather-gateway
messages=/run/messages
pulls=/sys/devices/platform/gpio-sim.0/gpiochip0
tips=0

check() { # name, command...
  local name=$1 detail
  shift
  if detail=$("$@" 2>&1); then echo "CHECK $name ok"; else echo "CHECK $name failed $* $detail" | tr '\n' ' '; echo; fi
}
nap() { read -r -t "$1" <>/run/nap || true; }
wait_for() { # seconds, command...
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || return 1
    nap 0.5
  done
}
property() { systemctl show -p "$1" --value $unit; }
is_property() { [ "$(property "$1")" = "$2" ]; }
count() { wc -l <$messages; }
# Whether a message since line $1 matches the pattern $2.
has_new() { tail -n +$(($1 + 1)) $messages | grep -qE "$2"; }
arrives() { # seconds, pattern
  local from
  from=$(count)
  wait_for "$1" has_new "$from" "$2"
}
close() { # line
  echo pull-down >$pulls/sim_gpio"$1"/pull
  nap 0.02
  echo pull-up >$pulls/sim_gpio"$1"/pull
}
tip() { # times
  for _ in $(seq "$1"); do
    close 6
    tips=$((tips + 1))
    nap 0.5
  done
}
air() { # the three bytes of pressure and of temperature
  i2cset -y 0 0x76 0xf7 "$@" 0x75 0x30 i
}
blow() { # the anemometer turns, and the air is never quite the same
  local turn=0
  while true; do
    close 5
    turn=$((turn + 1))
    [ $((turn % 40)) != 0 ] || i2cset -y 0 0x76 0xf9 $((16 * (turn / 40 % 16))) 2>/dev/null
    nap 0.08
  done
}
start_broker() { /usr/sbin/mosquitto -d -c "$FOLDER/mosquitto.conf"; }
stop_broker() { kill "$(cat /run/mosquitto.pid)"; }
# The time of the machine is right unless a check says otherwise.
synchronize() { mkdir -p /run/systemd/timesync && touch /run/systemd/timesync/synchronized; }

mkfifo /run/nap
mkdir -p /run/mosquitto
# systemd takes the machine for a container (/.dockerenv) and then shares no mounts; credentials need that.
mount --make-rshared /
. test/vm/hardware.sh
registers() {
  for line in "${REGISTERS[@]}"; do eval "i2cset -y 0 $line"; done
}
registers
synchronize

mkdir -p $etc /opt/weather-gateway/release /etc/systemd/system/$unit.service.d
mount --bind "$RELEASE" /opt/weather-gateway/release
cp "$FOLDER"/ca.pem "$FOLDER"/device.pem "$FOLDER"/device.key $etc/
chmod 600 $etc/device.key
configure() { # sed expressions on the configuration as shipped
  sed -e 's/id: "1"/id: vm/; s/i2cBus: 1/i2cBus: 0/; s/intervalSeconds: 12/intervalSeconds: 3/; s/# rootCa:/rootCa:/' \
    "$@" config/gateway.yaml >$etc/gateway.yaml
}
configure -e ''
# The shipped 60 s, so that the test need not wait so long.
printf '[Service]\nWatchdogSec=25\n' >/etc/systemd/system/$unit.service.d/vm.conf
start_broker
mosquitto_sub -h localhost -p 8883 --cafile $etc/ca.pem --cert "$FOLDER/reader.pem" --key "$FOLDER/reader.key" \
  -t '#' -q 1 -i reader -c -v >$messages &
blow &

check installed systemd/install.sh --release /opt/weather-gateway/release
check active is_property ActiveState active
check values arrives 60 '"temperature":25.1,"humidity":55,"winddirection":90.*"pressure":1006.5'
tip 4
check gpiomon arrives 30 '"windintensity":[1-9]'
check status-line wait_for 40 systemctl status $unit
echo "STATUS $(property StatusText)"
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
check onoff-counts arrives 60 '"windintensity":[1-9]'
tip 3
arrives 10 reading
configure -e ''
check restarts systemctl restart $unit
check values-again arrives 60 '"windintensity":[1-9]'

# kill -9: back by itself
systemctl kill -s KILL --kill-who=main $unit
check back-after-kill wait_for 40 is_property NRestarts 1
check values-after-kill arrives 60 '"windintensity":[1-9]'
tip 2

# A chip that is no longer the right one, then one that is missing at boot and appears later
i2cset -y 0 0x76 0xd0 0x58
check chip-gone arrives 40 '"temperature":null.*"windintensity":[1-9]'
systemctl stop $unit
check bus-goes busybox rmmod i2c-stub
check starts-without-bus systemctl start $unit
check measures-without-bus arrives 60 '"temperature":null.*"windintensity":[1-9]'
busybox insmod "$VM_KERNEL/i2c-stub.ko" chip_addr=0x76,0x48
udevadm settle
registers
check sensor-appears arrives 60 '"temperature":25.1'

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
systemctl restart $unit
date -s '-1 year'
nap 8
date -s '+1 year'
synchronize
check corrected arrives 90 '"timequality":"corrected"'
check lives-through-steps is_property ActiveState active

# Frozen: the watchdog restarts it
restarts=$(property NRestarts)
systemctl kill -s STOP --kill-who=main $unit
check watchdog wait_for 60 is_property NRestarts $((restarts + 1))
check values-after-watchdog arrives 60 '"windintensity":[1-9]'
tip 2
arrives 10 reading

# An upgrade over it, and a bad configuration
check upgrades systemd/install.sh --release /opt/weather-gateway/release
check values-after-upgrade arrives 60 '"windintensity":[1-9]'
configure -e 's/intervalSeconds: 3/intervalSeconds: 0/'
check refuses-bad-configuration bash -c "! systemctl restart $unit"
nap 7
check no-restart-loop is_property NRestarts 0
check exit-status is_property ExecMainStatus 78
configure -e ''
systemctl start $unit
check values-at-last arrives 60 '"windintensity":[1-9]'
systemctl stop $unit
nap 1

umount /opt/weather-gateway/release
check uninstalls systemd/install.sh --uninstall
check keeps-data test -e /var/lib/weather-gateway/store -a -e $etc/device.key
echo "TIPS $tips"
journalctl -u $unit --no-pager -o cat -p warning | tail -40 | sed 's/^/LOG /'
sed 's/^/MESSAGE /' $messages >/dev/console
