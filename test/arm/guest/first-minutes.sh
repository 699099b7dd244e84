# Sourced by package.sh before anything else: what its owner sees of the package in the first minutes. Everything that is said is
# printed for first-minutes.ts: SAYS when, where (systemctl or doctor), line. At LOOK when, its browser looks at the page and then
# connects to port 8081.
says() { # when, where, command...
  local when=$1 where=$2
  shift 2
  "$@" 2>&1 | sed "s/^/SAYS $when $where /"
}
# As an SSH tunnel would: the page that the daemon serves to its own machine only.
open_tunnel() {
  local interface
  interface=$(cd /sys/class/net && ls -d e*)
  busybox ip address add "$ADDRESS/24" dev "$interface"
  busybox ip link set "$interface" up
  systemd-socket-activate -l "$ADDRESS:8080" /usr/lib/systemd/systemd-socket-proxyd 127.0.0.1:8080 2>/dev/null &
}
show_page() { # when
  timeout 900 busybox nc -l -p 8081 >/dev/null &
  local looked=$!
  echo "LOOK $1"
  wait $looked
}
look() { # when
  says "$1" systemctl systemctl status --no-pager --lines=0 $unit
  says "$1" doctor weather-gateway doctor
  show_page "$1"
}
mentions() { property StatusText | grep -qE "$1"; } # pattern

# As the card leaves the shop: I2C is off, and nothing is configured.
. "$HARDWARE"
check bus-goes busybox rmmod i2c-stub
shorten_watchdog
open_tunnel
check installed installs || exit 1
up installed
check active is_property ActiveState active
check says-what-is-missing wait_for 120 mentions 'no value'
look nothing

# I2C is on, certificate and endpoint are right, and both chips are on the wrong wires.
. test/vm/guest/station.sh
busybox insmod "$VM_KERNEL/i2c-stub.ko" chip_addr=0x50
udevadm settle
systemctl restart $unit
check link-without-chips arrives 120 '"temperature":null.*"windintensity":[1-9]'
check says-who-has-no-value wait_for 60 mentions 'connected.*no value'
look sensors-missing

# Everything is right. The daemon lets go of a bus of which no chip answers.
check bus-goes-again wait_for 60 busybox rmmod i2c-stub
insert_chips 0x76,0x48
