# Sourced in the test machine under its systemd: a broker, chips that read well, cups that turn, a release to install.
# service-machine.ts sets $FOLDER (certificates, mosquitto.conf) and $NODE (that of the service), and reads what is printed,
# besides what checks.sh prints: TIPS n, all that the rain gauge was tipped · at the end every MESSAGE.
tips=0
declare -f check >/dev/null || . test/vm/guest/checks.sh

close() { # line
  pull "$1" down
  nap 0.02
  pull "$1" up
}
tip() { # times
  for _ in $(seq "$1"); do
    close 6
    tips=$((tips + 1))
    nap 0.5
  done
}
air() { # the three bytes of pressure and of temperature
  i2cset -y "$bus" 0x76 0xf7 "$@" 0x75 0x30 i
}
blow() { # the anemometer turns at 4 Hz, and the air is never quite the same
  local turn=0
  while true; do
    close 5 2>/dev/null
    turn=$((turn + 1))
    [ $((turn % 12)) != 0 ] || i2cset -y "$bus" 0x76 0xf9 $((16 * (turn / 12 % 16))) 2>/dev/null
    nap 0.23
  done
}
start_broker() { /usr/sbin/mosquitto -d -c "$FOLDER/mosquitto.conf"; }
stop_broker() { kill "$(cat /run/mosquitto.pid)"; }
# The time of the machine is right unless a check says otherwise.
synchronize() { mkdir -p /run/systemd/timesync && touch /run/systemd/timesync/synchronized; }

mkdir -p /run/mosquitto
[ "${bus:-}" ] || . "${HARDWARE:-test/vm/hardware.sh}"
registers() {
  for line in "${REGISTERS[@]}"; do eval "i2cset -y $bus $line" 2>/dev/null; done
}
insert_chips() { # addresses
  busybox insmod "$VM_KERNEL/i2c-stub.ko" chip_addr="$1"
  udevadm settle
  registers
}
registers
synchronize

mkdir -p $etc
if [ "${RELEASE_DISK=/dev/vda}" ]; then
  mkdir /run/disk
  mount -o ro,noload "$RELEASE_DISK" /run/disk
fi
ln -sf "$NODE" /usr/local/bin/node
cp "$FOLDER"/ca.pem "$FOLDER"/device.pem "$FOLDER"/device.key $etc/
chmod 600 $etc/device.key
configure() { # sed expressions on the configuration as shipped
  sed -e 's/id: "1"/id: vm/; s/intervalSeconds: 12/intervalSeconds: 3/; s/# rootCa:/rootCa:/' \
    -e "s/i2cBus: 1/i2cBus: $bus/" \
    "$@" config/gateway.yaml >$etc/gateway.yaml
}
configure -e ''
shorten_watchdog
[ "${BROKER:=yes}" = no ] || start_broker
# The broker may not listen yet.
until mosquitto_sub -h localhost -p 8883 --cafile $etc/ca.pem --cert "$FOLDER/reader.pem" --key "$FOLDER/reader.key" \
  -t '#' -q 1 -i reader -c -v 2>/dev/null; do nap 1; done >$messages &
blow &
cups=$!

# Whoever is cut off right after this has printed all that ever arrived, if the broker is stopped.
print_messages() {
  echo "TIPS $tips"
  sed 's/^/MESSAGE /' $messages >/dev/console
}
print_results() {
  journalctl -u $unit --no-pager -o cat -p warning | tail -40 | sed 's/^/LOG /'
  print_messages
}
