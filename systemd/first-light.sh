#!/usr/bin/env bash
# first-light.sh [--jumper OUT:IN]: what a person with a Raspberry Pi runs once and sends back: one page on board, kernel,
# buses, card, memory, clock and service. As root it says more. Nothing is changed; 36 MB are written to the card and removed.
#
#   --jumper OUT:IN   with a wire between two free GPIO lines, BCM numbers (17:27): drives OUT, and counts pulses at IN
set -uo pipefail
export LC_ALL=C
PULSES=500
etc=/etc/weather-gateway

row() { printf '%-22s %s\n' "$1" "${2:-not known}"; }
# What a file says, without the zero byte at the end of a device tree's strings.
content() { tr -d '\0' 2>/dev/null <"$1" || true; }
has() { command -v "$1" >/dev/null; }
now_ms() { date +%s%3N; }
# Amount $1 in $2 milliseconds, as a rate a second.
rate() { awk -v amount="$1" -v ms="$2" 'BEGIN { printf "%.1f", amount * 1000 / (ms > 0 ? ms : 1) }'; }
rows_of() { # name, lines from stdin: the name stands before the first
  local name=$1 line any=
  while read -r line; do
    row "$name" "$line"
    name='' any=yes
  done
  [ -n "$any" ] || row "$name" none
}

jumper=
case ${1:-} in
  '') ;;
  -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" && exit ;;
  --jumper)
    [[ ${2:-} =~ ^([0-9]+):([0-9]+)$ ]] || { echo "first-light.sh: --jumper takes two BCM numbers, as in 17:27" >&2 && exit 1; }
    jumper=$2
    ;;
  *) echo "first-light.sh: unknown option $1 (--help)" >&2 && exit 1 ;;
esac

machine() {
  row board "$(content "${DEVICE_TREE:-/proc/device-tree}/model")"
  row kernel "$(uname -r) $(uname -m)"
  row 'page size' "$(getconf PAGESIZE) bytes"
  row 'word length' "$(getconf LONG_BIT) bits"
  row system "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
  row processor "$(nproc) cores, crypto extensions: $(grep -qw aes /proc/cpuinfo && echo yes || echo no)"
  row Node.js "$(has node && node --version)"
  row systemd "$(has systemctl && systemctl --version | head -n 1)"
  row libgpiod "$(has gpiodetect && gpiodetect --version | head -n 1)"
  row throttled "$(has vcgencmd && vcgencmd get_throttled)"
}

buses() {
  local bus found chip
  for bus in /dev/i2c-*; do
    [ -e "$bus" ] || continue
    # Reads only: BME280 at 76 and 77, ADS1115 at 48 to 4b.
    found=$(has i2cdetect && i2cdetect -y -r "${bus#/dev/i2c-}" 2>&1 | sed '1d; s/^..://' | tr -s ' -' '\n' | grep -E '^([0-9a-f]{2}|UU)$' | tr '\n' ' ')
    row "$bus" "$(content "/sys/class/i2c-dev/${bus#/dev/}/name"), chips at: ${found:-none}"
  done | grep . || row I2C 'no bus (sudo raspi-config nonint do_i2c 0, then reboot)'
  has gpiodetect && gpiodetect 2>&1 | rows_of 'GPIO chips'
  for chip in /sys/class/gpio/gpiochip*; do
    [ -e "$chip" ] && echo "$(content "$chip/label") from number $(content "$chip/base")"
  done | rows_of 'GPIO in sysfs'
}

# Drives one line and counts what arrives at the other: 5 ms high, 5 ms low, as an anemometer at 67 m/s.
pulses() {
  local out=${jumper%:*} in=${jumper#*:} chip edges periods monitor from
  [ -n "$jumper" ] || { row pulses 'not counted: no --jumper' && return; }
  chip=$(gpiodetect 2>/dev/null | sed -n 's/^\(gpiochip[0-9]*\) \[pinctrl-\(bcm\|rp1\).*/\1/p' | head -n 1)
  [ -n "$chip" ] || { row pulses 'not counted: no GPIO chip of a Raspberry Pi' && return; }
  [[ $(gpioset --version | head -n 1) =~ v[2-9] ]] || { row pulses 'not counted: libgpiod 2 is needed, as in Debian 13' && return; }
  edges=$(mktemp)
  gpiomon -c "$chip" -e falling -b pull-down -F '%S' "$in" >"$edges" 2>&1 &
  monitor=$!
  sleep 1
  periods=$(yes 5ms | head -n $((2 * PULSES)) | paste -sd ,)
  from=$(now_ms)
  gpioset -c "$chip" -t "$periods,0" "$out=0" || echo 'gpioset failed' >>"$edges"
  from=$(($(now_ms) - from))
  sleep 0.5
  kill $monitor && wait $monitor 2>/dev/null
  row pulses "$(grep -cE '^[0-9.]+$' "$edges") of $PULSES counted at GPIO $in, sent by GPIO $out of $chip in $from ms"
  grep -vE '^[0-9.]+$' "$edges" | head -n 3 | rows_of ''
  rm -f "$edges"
}

# A row with what a command does in a second. What it does in no time because it failed is no figure.
timed() { # name, amount, unit, command
  local name=$1 amount=$2 unit=$3 from
  shift 3
  from=$(now_ms)
  if "$@" 2>/dev/null; then
    row "$name" "$(rate "$amount" $(($(now_ms) - from)))$unit"
  else
    row "$name" 'not measured: the disk did not take it'
    return 1
  fi
}

scratch=
trap '[ -z "$scratch" ] || rm -rf "$scratch"' EXIT
card() {
  local where=${FIRST_LIGHT_FOLDER:-/var/tmp} disk
  disk=$(lsblk -no PKNAME "$(df --output=source "$where" | tail -n 1)" 2>/dev/null | head -n 1)
  row disk "$(df --output=source,fstype,size,avail -h "$where" | tail -n 1 | tr -s ' '), card: $(content "/sys/block/$disk/device/name") $(content "/sys/block/$disk/device/date")"
  scratch=$(mktemp -d "$where/first-light-XXXXXX" 2>/dev/null) || { row 'synced writes' "not measured: $where takes no folder" && return; }
  timed 'synced writes' 1000 ' a second, of 4 KiB' dd if=/dev/zero of="$scratch/small" bs=4k count=1000 oflag=dsync status=none
  timed write 32 ' MiB/s' dd if=/dev/zero of="$scratch/large" bs=1M count=32 conv=fsync status=none &&
    timed read 32 ' MiB/s' dd if="$scratch/large" of=/dev/null bs=1M iflag=direct status=none
  rm -rf "$scratch"
}

memory_and_clock() {
  row memory "$(awk '/^(MemTotal|MemAvailable|SwapTotal):/ { printf "%s %d MB  ", $1, $2 / 1024 }' /proc/meminfo)"
  row 'battery clock' "$(ls /dev/rtc* 2>/dev/null || echo none)"
  row 'clock source' "$(content /sys/devices/system/clocksource/clocksource0/current_clocksource)"
  row 'time synchronized' "$(has timedatectl && timedatectl show -p NTPSynchronized --value 2>/dev/null), it is $(date -u +%FT%TZ), up $(cut -d' ' -f1 /proc/uptime) s"
}

service() {
  local main
  has weather-gateway || { row weather-gateway 'not installed' && return; }
  row weather-gateway "$(weather-gateway --version), $(systemctl is-active weather-gateway 2>/dev/null)"
  main=$(systemctl show -p MainPID --value weather-gateway 2>/dev/null)
  [ "${main:-0}" = 0 ] || row 'its memory' "$(awk '/^(VmRSS|VmHWM):/ { printf "%s %d MB  ", $1, $2 / 1024 }' "/proc/$main/status")"
  row 'its start' "$(systemctl show -p ActiveEnterTimestamp --value weather-gateway 2>/dev/null), $(systemctl show -p NRestarts --value weather-gateway 2>/dev/null) restarts"
  [ ! -r $etc/gateway.yaml ] || weather-gateway doctor 2>&1 | head -n 25 | rows_of doctor
}

echo "weather-gateway, first light on $(date -u +%F)"
machine
buses
pulses
card
memory_and_clock
service
